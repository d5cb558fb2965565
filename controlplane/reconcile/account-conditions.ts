import { type Condition, mark } from '../stacks/conditions.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Store } from '../store/store.ts';
import { now, type ReconcileContext } from './context.ts';

export async function noteAccountReady(
  store: Store,
  accountId: string,
  wanted: readonly string[],
): Promise<void> {
  const records = new Map((await store.stacks.ofAccount(accountId)).map((record) => [record.key, record]));
  const notReady = wanted.filter((key) => records.get(key)?.conditions.Ready?.status !== 'True');
  const Ready: Omit<Condition, 'since'> =
    notReady.length === 0
      ? { status: 'True', reason: 'Succeeded', message: `${wanted.length} stacks` }
      : { status: 'False', reason: 'Failed', message: `not ready: ${notReady.join(', ')}` };
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
