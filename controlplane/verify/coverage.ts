import { type Condition, mark } from '../stacks/conditions.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Canary, CellVerification } from '../store/canaries.ts';
import type { Store } from '../store/store.ts';
import type { MissedEvent } from '../store/sweeps/missed-events.ts';

/** Whether the last try verified the cell. */
export const isVerified = ({
  verifiedAt,
  failedAt,
}: Pick<CellVerification, 'verifiedAt' | 'failedAt'>): boolean =>
  verifiedAt !== null && (failedAt === null || failedAt < verifiedAt);

/** True when every Region is verified, Unknown when one was never tried; a missed event disproves a verification. */
export function verifiedCondition(
  { id, regions }: Pick<AccountRecord, 'id' | 'regions'>,
  cellVerifications: readonly CellVerification[],
  missed: readonly Pick<MissedEvent, 'region' | 'message'>[] = [],
): Omit<Condition, 'since'> {
  if (missed.length > 0) {
    const reasons = missed.map(({ region, message }) => `${region}: ${message}`).join('; ');
    return { status: 'False', reason: 'EventMissed', message: reasons };
  }
  const own = regions.map(({ region }) =>
    cellVerifications.find(
      (cellVerification) => cellVerification.accountId === id && cellVerification.region === region,
    ),
  );
  const failing = own.flatMap((cellVerification) =>
    cellVerification && !isVerified(cellVerification) ? [cellVerification] : [],
  );
  const tried = own.filter((cellVerification) => cellVerification !== undefined).length;
  if (failing.length > 0) {
    const reasons = failing.map(({ region, message }) => `${region}: ${message}`).join('; ');
    return { status: 'False', reason: 'NotVerified', message: reasons };
  }
  if (tried < own.length || own.length === 0)
    return { status: 'Unknown', reason: 'NeverVerified', message: `${tried} of ${own.length} Regions` };
  return { status: 'True', reason: 'Verified', message: `${own.length} Regions` };
}

/** Sets the condition `Verified` of the accounts of canaries or missed events. */
export async function recordVerified(
  { accounts, cellVerifications, sweeps }: Pick<Store, 'accounts' | 'cellVerifications' | 'sweeps'>,
  canaries: readonly Pick<Canary, 'accountId'>[],
): Promise<void> {
  const known = Map.groupBy(await cellVerifications.list(), ({ accountId }) => accountId);
  for (const id of new Set(canaries.map(({ accountId }) => accountId))) {
    const account = await accounts.get(id);
    if (!account) continue;
    const Verified = verifiedCondition(account, known.get(id) ?? [], await sweeps.missed.open(id));
    await accounts.setConditions(id, mark(account.conditions, { Verified }, new Date().toISOString()));
  }
}
