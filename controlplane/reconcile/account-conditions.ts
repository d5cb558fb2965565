import { names } from '../../programs/names.ts';
import { readDeadLetters } from '../aws/dead-letters.ts';
import { type Condition, mark } from '../stacks/conditions.ts';
import { type DeadLetters, deliveryCondition } from '../stacks/dead-letters.ts';
import { hubKey } from '../stacks/key.ts';
import type { RegionCoverage } from '../stacks/trail-check.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { StackRecord } from '../store/stacks.ts';
import type { Store } from '../store/store.ts';
import { now, type ReconcileContext } from './context.ts';

/** Where every stack that is not ready is denied by a service control policy, the account's reason is that one. */
function readyOf(
  wanted: readonly string[],
  records: ReadonlyMap<string, Pick<StackRecord, 'conditions'>>,
): Omit<Condition, 'since'> {
  const notReady = wanted.filter((key) => records.get(key)?.conditions.Ready?.status !== 'True');
  if (notReady.length === 0)
    return { status: 'True', reason: 'Succeeded', message: `${wanted.length} stacks` };
  const reasons = notReady.map((key) => records.get(key)?.conditions.Ready?.reason);
  const denied = reasons.every((reason) => reason === 'RegionDenied' || reason === 'DeniedByScp');
  if (!denied) return { status: 'False', reason: 'Failed', message: `not ready: ${notReady.join(', ')}` };
  return {
    status: 'False',
    reason: reasons.includes('DeniedByScp') ? 'DeniedByScp' : 'RegionDenied',
    message: `denied by a service control policy: ${notReady.join(', ')}`,
  };
}

export async function noteAccountReady(
  store: Store,
  accountId: string,
  wanted: readonly string[],
): Promise<void> {
  const records = new Map((await store.stacks.ofAccount(accountId)).map((record) => [record.key, record]));
  const Ready = readyOf(wanted, records);
  const before = (await store.accounts.get(accountId))?.conditions ?? {};
  await store.accounts.setConditions(accountId, mark(before, { Ready }, now()));
}

/** Whether a stack carries a forwarding rule in the Region, so that there is a dead-letter queue. */
const forwards = (stacks: readonly StackRecord[], region: string): boolean =>
  stacks.some(
    ({ kind, region: of, generation }) => generation !== null && (kind === 'account' || of === region),
  );

/**
 * The Regions with what their dead-letter queues held, each read once a day with one call, and the condition
 * `EventsDelivered`. Without a forwarding rule in any Region nothing is read.
 */
export async function noteDeadLetters(
  { store, aws, settings }: Pick<ReconcileContext, 'store' | 'aws' | 'settings'>,
  { id, regions: before, conditions }: AccountRecord,
  found: readonly RegionCoverage[],
): Promise<RegionCoverage[]> {
  const stacks = (await store.stacks.ofAccount(id)).filter(
    ({ kind }) => kind === 'region' || settings.layout === 'account',
  );
  const earlier = new Map(before.map((each) => [each.region, each.deadLetters]));
  const read = async (coverage: RegionCoverage): Promise<RegionCoverage> => {
    const { region, denied } = coverage;
    if (denied || !forwards(stacks, region)) return coverage;
    const place = { accountId: id, region };
    const name = names.forwardDeadLetterQueue;
    return { ...coverage, deadLetters: await readDeadLetters(aws, place, name, earlier.get(region)) };
  };
  const regions = await Promise.all(found.map(read));
  const EventsDelivered = deliveryCondition(
    regions.flatMap(({ region, deadLetters }) =>
      deadLetters ? [{ queue: `${names.forwardDeadLetterQueue} of ${id} ${region}`, deadLetters }] : [],
    ),
  );
  if (EventsDelivered) await store.accounts.setConditions(id, mark(conditions, { EventsDelivered }, now()));
  return regions;
}

const hubDeadLettersFact = 'dead letters of the hub';

/** The same for the hub's own dead-letter queue, in the conditions of its stack. */
export async function noteHubDeadLetters({
  store,
  aws,
  settings: { hub },
}: Pick<ReconcileContext, 'store' | 'aws' | 'settings'>): Promise<void> {
  const stack = await store.stacks.get(hubKey);
  if (!stack?.generation) return;
  const earlier = (await store.facts.get<DeadLetters>(hubDeadLettersFact))?.value;
  const deadLetters = await readDeadLetters(aws, hub, names.deadLetterQueue, earlier);
  if (deadLetters === earlier) return;
  await store.facts.set(hubDeadLettersFact, deadLetters);
  const queue = `${names.deadLetterQueue} of ${hub.accountId} ${hub.region}`;
  const EventsDelivered = deliveryCondition([{ queue, deadLetters }]);
  if (EventsDelivered)
    await store.stacks.setConditions(hubKey, mark(stack.conditions, { EventsDelivered }, now()));
}

/** Records which run still has to reconcile the account. */
export async function noteWaiting(
  { store }: ReconcileContext,
  record: AccountRecord,
  { message }: { message: string },
) {
  const Ready = { status: 'False', reason: 'Waiting', message } as const;
  await store.accounts.setConditions(record.id, mark(record.conditions, { Ready }, now()));
}

/** Sets trail coverage to unknown, because the account cannot be accessed. */
export async function noteUnseen(
  store: Store,
  { id, regions, conditions }: AccountRecord,
  message: string,
): Promise<void> {
  const trail = { covered: 'unknown', reason: message } as const;
  await store.accounts.setRegions(
    id,
    regions.map((each) => ({ ...each, trail })),
  );
  const TrailsCovered = { status: 'Unknown', reason: 'NotReachable', message } as const;
  await store.accounts.setConditions(id, mark(conditions, { TrailsCovered }, now()));
}
