import { DescribeRuleCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { names, queueUrl } from '../../programs/names.ts';
import { accountKey, regionKey } from '../stacks/key.ts';
import type { Cell } from '../store/canaries.ts';
import type { VerifyContext } from './context.ts';

const reconcileCommand = ({ accountId, region }: Cell) =>
  `portcullis reconcile --account ${accountId} --region ${region}`;

/**
 * Why a cell is known not to be covered, with the fix; undefined otherwise. Its stack does not exist, no trail covers
 * it, or the forwarding rule is missing, disabled or without its target. Nothing is opened then.
 */
export async function precheck(context: VerifyContext, cell: Cell): Promise<string | undefined> {
  const { stacks } = context.store;
  const stack =
    (await stacks.get(regionKey(cell.accountId, cell.region))) ??
    (await stacks.get(accountKey(cell.accountId)));
  if (!stack?.generation) return `nothing forwards events yet: ${reconcileCommand(cell)}`;
  const trail = await context.trail(cell);
  if (trail.covered === false) return `CloudTrail: ${trail.reason}`;
  return ruleFault(context, cell);
}

async function ruleFault({ aws }: VerifyContext, cell: Cell): Promise<string | undefined> {
  const Rule = names.forwardRule;
  const events = await aws.eventBridge(cell.accountId, cell.region);
  try {
    const { State } = await events.send(new DescribeRuleCommand({ Name: Rule }));
    if (State !== 'ENABLED')
      return `the forwarding rule ${Rule} is ${State ?? 'in an unknown state'}: ${reconcileCommand(cell)}`;
    const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule }));
    if (Targets.length === 0) return `the forwarding rule ${Rule} has no target: ${reconcileCommand(cell)}`;
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException')
      return `the forwarding rule ${Rule} does not exist: ${reconcileCommand(cell)}`;
    throw error;
  }
}

/** The messages in dead-letter queues that may come from the cell. */
export async function deadLetterCounts({ aws, settings }: VerifyContext, cell: Cell): Promise<string[]> {
  const { partition } = await aws.caller();
  const queues = [
    { ...cell, name: names.forwardDeadLetterQueue },
    { ...settings.hub, name: names.deadLetterQueue },
  ];
  const found: string[] = [];
  for (const { accountId, region, name } of queues) {
    const sqs = await aws.sqs(accountId, region);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: queueUrl({ partition, accountId, region }, name),
        AttributeNames: ['ApproximateNumberOfMessages'],
      }),
    );
    const count = Number(Attributes?.ApproximateNumberOfMessages ?? 0);
    if (count > 0) found.push(`${count} in ${name} of ${accountId} ${region}`);
  }
  return found;
}
