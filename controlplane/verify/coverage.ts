import { type Condition, mark } from '../stacks/conditions.ts';
import { accountKey, regionKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Canary, Proof, ProofKind } from '../store/canaries.ts';
import type { StackRecord } from '../store/stacks.ts';
import type { Store } from '../store/store.ts';

/** One account in one Region: what says that it is covered, and when that was last seen to hold. */
export interface CellView {
  readonly account: string;
  readonly name: string;
  readonly region: string;
  /** The trail check's word; `unknown` where the check itself failed. */
  readonly trail: boolean | 'unknown';
  readonly forwarding: Condition['status'];
  /** `never`: nothing was tried. `no`: the last try failed. */
  readonly proven: 'yes' | 'no' | 'never';
  readonly provenAt: Date | null;
  readonly kind: ProofKind | null;
  /** From the call to the revoke, and to the moment that its result was recorded. */
  readonly milliseconds: number | null;
  readonly recordedMilliseconds: number | null;
  readonly failedAt: Date | null;
  readonly message: string | null;
}

const keyOf = (accountId: string, region: string) => `${accountId} ${region}`;

/** Whether the last try proved the cell. */
export const isProven = ({ provenAt, failedAt }: Pick<Proof, 'provenAt' | 'failedAt'>): boolean =>
  provenAt !== null && (failedAt === null || failedAt < provenAt);

/** Every cell of the active accounts with what is known of it. Pure. */
export function coverageOf(
  accounts: readonly Pick<AccountRecord, 'id' | 'name' | 'state' | 'regions'>[],
  stacks: readonly Pick<StackRecord, 'key' | 'conditions'>[],
  proofs: readonly Proof[],
): CellView[] {
  const byKey = new Map(stacks.map((stack) => [stack.key, stack]));
  const byCell = new Map(proofs.map((proof) => [keyOf(proof.accountId, proof.region), proof]));
  const active = accounts.filter(({ state }) => state === 'ACTIVE');
  return active.flatMap(({ id, name, regions }) =>
    regions.map(({ region, trail }) => {
      const stack = byKey.get(regionKey(id, region)) ?? byKey.get(accountKey(id));
      const proof = byCell.get(keyOf(id, region));
      const { provenAt = null, kind = null, failedAt = null, message = null } = proof ?? {};
      const { milliseconds = null, recordedMilliseconds = null } = proof ?? {};
      return {
        ...{ account: id, name, region, trail: trail.covered },
        forwarding: stack?.conditions.Ready?.status ?? 'Unknown',
        proven: proof ? (isProven(proof) ? 'yes' : 'no') : 'never',
        ...{ provenAt, kind, milliseconds, recordedMilliseconds, failedAt, message },
      };
    }),
  );
}

/** An account's proof over all of its Regions: True where every one is proven, Unknown where one was never tried. */
export function provenCondition(
  { id, regions }: Pick<AccountRecord, 'id' | 'regions'>,
  proofs: readonly Proof[],
): Omit<Condition, 'since'> {
  const own = regions.map(({ region }) =>
    proofs.find((proof) => proof.accountId === id && proof.region === region),
  );
  const failing = own.flatMap((proof) => (proof && !isProven(proof) ? [proof] : []));
  const tried = own.filter((proof) => proof !== undefined).length;
  if (failing.length > 0) {
    const reasons = failing.map(({ region, message }) => `${region}: ${message}`).join('; ');
    return { status: 'False', reason: 'NotProven', message: reasons };
  }
  if (tried < own.length || own.length === 0)
    return { status: 'Unknown', reason: 'NeverProven', message: `${tried} of ${own.length} Regions` };
  return { status: 'True', reason: 'Proven', message: `${own.length} Regions` };
}

/** Sets the condition `Proven` of the accounts that a verification was about. */
export async function recordProven(
  { accounts, proofs }: Pick<Store, 'accounts' | 'proofs'>,
  canaries: readonly Pick<Canary, 'accountId'>[],
): Promise<void> {
  const known = Map.groupBy(await proofs.proofs(), ({ accountId }) => accountId);
  for (const id of new Set(canaries.map(({ accountId }) => accountId))) {
    const account = await accounts.get(id);
    if (!account) continue;
    const { Proven } = account.conditions;
    const before = Proven ? { Proven } : {};
    const next = mark(
      before,
      { Proven: provenCondition(account, known.get(id) ?? []) },
      new Date().toISOString(),
    );
    await accounts.setConditions(id, next);
  }
}
