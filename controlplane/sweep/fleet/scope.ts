import { PortcullisError } from '../../settings/errors.ts';
import type { Scope } from '../../stacks/scope.ts';
import type { AccountRecord } from '../../store/accounts.ts';
import type { AskedAccount } from '../../store/sweeps/sweep.ts';

type Listed = Pick<AccountRecord, 'id' | 'state' | 'parents'>;

/**
 * The accounts of a scope, also those that the settings leave out; one that is not active is not checked, with its
 * state. Pure. @throws PortcullisError `unknown-scope`
 */
export function accountsOf(accounts: readonly Listed[], scope: Scope): AskedAccount[] {
  const listed = accounts.filter(({ state }) => state !== 'DEPARTED');
  const unknown = (what: string, name: string, why: string) =>
    new PortcullisError('unknown-scope', `${what}: ${name} ${why}`);
  for (const id of scope.accounts ?? [])
    if (!listed.some((account) => account.id === id))
      throw unknown('accounts', id, 'is not an account of the organization');
  for (const id of scope.organizationalUnits ?? [])
    if (!listed.some(({ parents }) => parents.includes(id)))
      throw unknown('organizationalUnits', id, 'does not exist or holds no account');
  const chosen = listed.filter(
    ({ id, parents }) =>
      (scope.accounts?.includes(id) ?? true) &&
      (scope.organizationalUnits?.some((unit) => parents.includes(unit)) ?? true),
  );
  if (chosen.length === 0)
    throw new PortcullisError(
      'unknown-scope',
      'there is no account to sweep: the organization was not read yet, or the parts of the scope have no account in common',
    );
  return chosen.map(({ id, state }) => ({
    accountId: id,
    reason: state === 'ACTIVE' ? null : `the account is ${state}`,
  }));
}
