import { DescribeRuleCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { names } from '../../programs/names.ts';
import { messagesIn } from '../aws/dead-letters.ts';
import type { Uses } from '../services/services.ts';
import type { Cell } from '../stacks/cell.ts';
import { accountKey, regionKey } from '../stacks/key.ts';
import type { TrailCheck } from '../stacks/trail-check.ts';

const reconcileCommand = ({ accountId, region }: Cell) =>
  `portcullis reconcile --account ${accountId} --region ${region}`;

/** What a check of a cell's way needs. */
export interface PrecheckContext
  extends Uses<{ store: 'stacks'; aws: 'caller' | 'eventBridge' | 'sqs'; settings: 'hub' }> {
  /** Runs the trail check of a cell now. */
  readonly trail: (cell: Cell) => Promise<TrailCheck>;
}

/** Where the way of a cell's events is known to be broken. */
export interface Fault {
  readonly hop: 'stack' | 'trail' | 'rule' | 'target';
  /** What is wrong, with the fix. */
  readonly message: string;
}

/** Why a cell is known not to be covered, with the fix; undefined otherwise. Nothing is opened then. */
export const precheck = async (context: PrecheckContext, cell: Cell): Promise<string | undefined> =>
  (await faultOf(context, cell))?.message;

/**
 * The first known fault: the stack of the cell does not exist, no trail covers it, or the forwarding rule is missing,
 * disabled or without its target.
 */
export async function faultOf(context: PrecheckContext, cell: Cell): Promise<Fault | undefined> {
  const { stacks } = context.store;
  const stack =
    (await stacks.get(regionKey(cell.accountId, cell.region))) ??
    (await stacks.get(accountKey(cell.accountId)));
  if (!stack?.generation)
    return { hop: 'stack', message: `nothing forwards events yet: ${reconcileCommand(cell)}` };
  const trail = await context.trail(cell);
  if (trail.covered === false) return { hop: 'trail', message: `CloudTrail: ${trail.reason}` };
  return ruleFault(context, cell);
}

async function ruleFault({ aws }: Pick<PrecheckContext, 'aws'>, cell: Cell): Promise<Fault | undefined> {
  const Rule = names.forwardRule;
  const fault = (hop: Fault['hop'], what: string): Fault => ({
    hop,
    message: `the forwarding rule ${Rule} ${what}: ${reconcileCommand(cell)}`,
  });
  const events = await aws.eventBridge(cell.accountId, cell.region);
  try {
    const { State } = await events.send(new DescribeRuleCommand({ Name: Rule }));
    if (State !== 'ENABLED') return fault('rule', `is ${State ?? 'in an unknown state'}`);
    const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule }));
    if (Targets.length === 0) return fault('target', 'has no target');
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException')
      return fault('rule', 'does not exist');
    throw error;
  }
}

/** The messages in dead-letter queues that may come from the cell. */
export async function deadLetterCounts(
  { aws, settings }: Pick<PrecheckContext, 'aws' | 'settings'>,
  cell: Cell,
): Promise<string[]> {
  const queues = [
    { ...cell, name: names.forwardDeadLetterQueue },
    { ...settings.hub, name: names.deadLetterQueue },
  ];
  const found: string[] = [];
  for (const { accountId, region, name } of queues) {
    const count = await messagesIn(aws, { accountId, region }, name);
    if (count > 0) found.push(`${count} in ${name} of ${accountId} ${region}`);
  }
  return found;
}
