import { type Condition, mark } from '../stacks/conditions.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Store } from '../store/store.ts';
import { now, type ReconcileContext } from './context.ts';

/** Whether every stack that the account should have is ready. */
export async function noteAccountReady(
  store: Store,
  accountId: string,
  wanted: readonly string[],
): Promise<void> {
  const records = new Map((await store.stacks.ofAccount(accountId)).map((record) => [record.key, record]));
  const wanting = wanted.filter((key) => records.get(key)?.conditions.Ready?.status !== 'True');
  const Ready: Omit<Condition, 'since'> =
    wanting.length === 0
      ? { status: 'True', reason: 'Succeeded', message: `${wanted.length} stacks` }
      : { status: 'False', reason: 'Failed', message: `not ready: ${wanting.join(', ')}` };
  const before = (await store.accounts.get(accountId))?.conditions ?? {};
  const { Ready: next } = mark(before, { Ready }, now());
  if (next) await store.accounts.setConditions(accountId, { Ready: next });
}

/** That a run has still to come to the account, and which. */
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

/** Says that it is not known any more whether trails cover an account's Regions: nobody can enter it. */
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
