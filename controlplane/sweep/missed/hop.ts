import { DescribeEventBusCommand } from '@aws-sdk/client-eventbridge';
import { GetRoleCommand, GetRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { names } from '../../../programs/names.ts';
import type { Uses } from '../../services/services.ts';
import type { Cell } from '../../stacks/cell.ts';
import type { MissedHop } from '../../store/sweeps/missed-events.ts';
import { deadLetterCounts, faultOf, type PrecheckContext } from '../../verify/precheck.ts';

export type HopContext = PrecheckContext & Uses<{ aws: 'iam' | 'lambda'; settings: 'hub' }>;

/** Where an event was lost, and what is known about it. */
export interface LostAt {
  readonly hop: MissedHop;
  readonly message: string;
}

const named = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && codes.includes(error.name);

const reconcile = ({ accountId }: Cell) => `portcullis reconcile --account ${accountId}`;

/** The forwarder role is what delivers to the org bus. */
async function roleFault({ aws }: HopContext, cell: Cell): Promise<LostAt | undefined> {
  const iam = await aws.iam(cell.accountId, cell.region);
  const role = names.forwarderRole;
  try {
    await iam.send(new GetRoleCommand({ RoleName: role }));
    await iam.send(new GetRolePolicyCommand({ RoleName: role, PolicyName: role }));
    return undefined;
  } catch (error) {
    if (!named(error, 'NoSuchEntityException', 'NoSuchEntity')) throw error;
    const message = `the role ${role} does not exist or lost its policy, so nothing delivers to the org bus: ${reconcile(cell)}`;
    return { hop: 'role', message };
  }
}

/** The policy of the org bus admits the organization. */
async function busFault({ aws, settings: { hub } }: HopContext): Promise<LostAt | undefined> {
  const events = await aws.eventBridge(hub.accountId, hub.region);
  const fault = (what: string): LostAt => ({
    hop: 'bus-policy',
    message: `the org bus ${names.bus} ${what}: ${reconcile(hub)}`,
  });
  try {
    const { Policy = '' } = await events.send(new DescribeEventBusCommand({ Name: names.bus }));
    return Policy.includes('aws:PrincipalOrgID') ? undefined : fault('does not admit the organization');
  } catch (error) {
    if (named(error, 'ResourceNotFoundException')) return fault('does not exist');
    throw error;
  }
}

async function functionFault({ aws, settings: { hub } }: HopContext): Promise<LostAt | undefined> {
  const lambda = await aws.lambda(hub.accountId, hub.region);
  const FunctionName = names.remediationFunction;
  const fault = (what: string): LostAt => ({
    hop: 'lambda',
    message: `the function ${FunctionName} ${what}: ${reconcile(hub)}`,
  });
  try {
    const { State, StateReason } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    if (State === undefined || State === 'Active') return undefined;
    return fault(`is ${State}${StateReason ? ` (${StateReason})` : ''}`);
  } catch (error) {
    if (named(error, 'ResourceNotFoundException')) return fault('does not exist');
    throw error;
  }
}

/** Dead letters are what a hop gave up on: those of the cell's rule, or those behind the org bus. */
async function deadLetters(context: HopContext, cell: Cell): Promise<LostAt | undefined> {
  const counts = await deadLetterCounts(context, cell);
  const [first] = counts;
  if (!first) return undefined;
  const isOfCell = first.includes(` in ${names.forwardDeadLetterQueue} `);
  const message = `dead letters: ${counts.join(', ')}; each says why it was not delivered`;
  return { hop: isOfCell ? 'dead-letter' : 'lambda', message };
}

/** The first hop of an event's way that is broken now, or that kept what it could not deliver. */
export async function whereLost(context: HopContext, cell: Cell): Promise<LostAt> {
  const found =
    (await faultOf(context, cell)) ??
    (await roleFault(context, cell)) ??
    (await busFault(context)) ??
    (await functionFault(context)) ??
    (await deadLetters(context, cell));
  if (found) return found;
  const { accountId, region } = cell;
  const message = `trail, rule, target, role, org bus and function are in order now, and no dead letter is left; test the way: portcullis verify --account ${accountId} --region ${region}`;
  return { hop: 'unknown', message };
}
