import { PortcullisError } from '../settings/errors.ts';
import type { Cell } from '../stacks/cell.ts';
import type { Scope } from '../stacks/scope.ts';
import type { AccountRecord } from '../store/accounts.ts';

type Seen = Pick<AccountRecord, 'id' | 'state' | 'parents' | 'regions'>;

/** By the last inspection. Pure. @throws PortcullisError `unknown-scope`, also for an empty scope */
export function cellsOf(accounts: readonly Seen[], scope: Scope): Cell[] {
  const unknown = (what: string, name: string, why: string) =>
    new PortcullisError('unknown-scope', `${what}: ${name} ${why}`);
  for (const id of scope.accounts ?? [])
    if (!accounts.some((account) => account.id === id && account.state === 'ACTIVE'))
      throw unknown('accounts', id, 'is not an active account that was reconciled');
  for (const id of scope.organizationalUnits ?? [])
    if (!accounts.some(({ parents }) => parents.includes(id)))
      throw unknown('organizationalUnits', id, 'does not exist or holds no account');
  const chosen = accounts.filter(
    ({ id, state, parents }) =>
      state === 'ACTIVE' &&
      (scope.accounts?.includes(id) ?? true) &&
      (scope.organizationalUnits?.some((unit) => parents.includes(unit)) ?? true),
  );
  const cells = chosen.flatMap(({ id, regions }) => regions.map(({ region }) => ({ accountId: id, region })));
  for (const region of scope.regions ?? [])
    if (!cells.some((cell) => cell.region === region))
      throw unknown('regions', region, 'is not among the Regions of any account of this scope');
  const wanted = cells.filter(({ region }) => scope.regions?.includes(region) ?? true);
  if (wanted.length === 0)
    throw new PortcullisError(
      'unknown-scope',
      'there is no cell to verify: run `portcullis reconcile --all` first',
    );
  return wanted;
}
