import { type Condition, mark } from '../stacks/conditions.ts';
import { accountKey, regionKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Canary, CellVerification, VerificationKind } from '../store/canaries.ts';
import type { StackRecord } from '../store/stacks.ts';
import type { Store } from '../store/store.ts';

export interface CellView {
  readonly account: string;
  readonly name: string;
  readonly region: string;
  /** `unknown`: the trail check failed. */
  readonly trail: boolean | 'unknown';
  readonly forwarding: Condition['status'];
  /** `never`: not tried. `no`: the last try failed. */
  readonly verified: 'yes' | 'no' | 'never';
  readonly verifiedAt: Date | null;
  readonly kind: VerificationKind | null;
  /** From the call to the revoke, and to the recording of its result. */
  readonly milliseconds: number | null;
  readonly recordedMilliseconds: number | null;
  readonly failedAt: Date | null;
  readonly message: string | null;
}

const keyOf = (accountId: string, region: string) => `${accountId} ${region}`;

export const isVerified = ({
  verifiedAt,
  failedAt,
}: Pick<CellVerification, 'verifiedAt' | 'failedAt'>): boolean =>
  verifiedAt !== null && (failedAt === null || failedAt < verifiedAt);

/** Every cell of the active accounts with its coverage and verification. Pure. */
export function coverageOf(
  accounts: readonly Pick<AccountRecord, 'id' | 'name' | 'state' | 'regions'>[],
  stacks: readonly Pick<StackRecord, 'key' | 'conditions'>[],
  cellVerifications: readonly CellVerification[],
): CellView[] {
  const byKey = new Map(stacks.map((stack) => [stack.key, stack]));
  const byCell = new Map(
    cellVerifications.map((cellVerification) => [
      keyOf(cellVerification.accountId, cellVerification.region),
      cellVerification,
    ]),
  );
  const active = accounts.filter(({ state }) => state === 'ACTIVE');
  return active.flatMap(({ id, name, regions }) =>
    regions.map(({ region, trail }) => {
      const stack = byKey.get(regionKey(id, region)) ?? byKey.get(accountKey(id));
      const cellVerification = byCell.get(keyOf(id, region));
      const { verifiedAt = null, kind = null, failedAt = null, message = null } = cellVerification ?? {};
      const { milliseconds = null, recordedMilliseconds = null } = cellVerification ?? {};
      return {
        ...{ account: id, name, region, trail: trail.covered },
        forwarding: stack?.conditions.Ready?.status ?? 'Unknown',
        verified: cellVerification ? (isVerified(cellVerification) ? 'yes' : 'no') : 'never',
        ...{ verifiedAt, kind, milliseconds, recordedMilliseconds, failedAt, message },
      };
    }),
  );
}

/** True when every Region is verified, Unknown when one was never tried. */
export function verifiedCondition(
  { id, regions }: Pick<AccountRecord, 'id' | 'regions'>,
  cellVerifications: readonly CellVerification[],
): Omit<Condition, 'since'> {
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

/** Sets the condition `Verified` of the accounts in a verification. */
export async function recordVerified(
  { accounts, cellVerifications }: Pick<Store, 'accounts' | 'cellVerifications'>,
  canaries: readonly Pick<Canary, 'accountId'>[],
): Promise<void> {
  const known = Map.groupBy(await cellVerifications.list(), ({ accountId }) => accountId);
  for (const id of new Set(canaries.map(({ accountId }) => accountId))) {
    const account = await accounts.get(id);
    if (!account) continue;
    const { Verified } = account.conditions;
    const before = Verified ? { Verified } : {};
    const next = mark(
      before,
      { Verified: verifiedCondition(account, known.get(id) ?? []) },
      new Date().toISOString(),
    );
    await accounts.setConditions(id, next);
  }
}
