import { type Condition, mark } from '../stacks/conditions.ts';
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
  const { Ready: next } = mark(before, { Ready }, now());
  if (next) await store.accounts.setConditions(accountId, { Ready: next });
}

/** Records which run still has to reconcile the account. */
export async function noteWaiting(
  { store }: ReconcileContext,
  record: AccountRecord,
  { message }: { message: string },
) {
  const { Ready } = mark(
    record.conditions,
    { Ready: { status: 'False', reason: 'Waiting', message } },
    now(),
  );
  if (Ready) await store.accounts.setConditions(record.id, { Ready });
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
  const unknown = { status: 'Unknown', reason: 'NotReachable', message } as const;
  const { TrailsCovered } = mark(conditions, { TrailsCovered: unknown }, now());
  if (TrailsCovered) await store.accounts.setConditions(id, { TrailsCovered });
}
