import { PortcullisError } from '../settings/errors.ts';
import type { OrganizationAccount } from '../stacks/account.ts';
import type { Scope } from '../stacks/scope.ts';
import type { Organization } from './listing.ts';

/**
 * The accounts of a scope.
 * @throws PortcullisError `unknown-scope` when it names an account or unit that the organization does not have: an
 * unresolvable scope is an error, never empty or whole
 */
export function accountsInScope(organization: Organization, scope: Scope): OrganizationAccount[] {
  for (const id of scope.accounts ?? []) {
    if (!organization.accounts.some((account) => account.id === id)) {
      throw new PortcullisError('unknown-scope', `accounts: ${id} is not in organization ${organization.id}`);
    }
  }
  for (const id of scope.organizationalUnits ?? []) {
    if (!organization.accounts.some((account) => account.parents.includes(id))) {
      throw new PortcullisError(
        'unknown-scope',
        `organizationalUnits: ${id} does not exist or holds no account`,
      );
    }
  }
  return organization.accounts.filter(
    (account) =>
      (!scope.accounts || scope.accounts.includes(account.id)) &&
      (!scope.organizationalUnits || scope.organizationalUnits.some((id) => account.parents.includes(id))),
  );
}

/**
 * Requires that each Region of a scope is enabled in some account. All accounts in scope must be inspected first.
 * @throws PortcullisError `unknown-scope` when no account has it: a run without work is an error
 */
export function requireRegions(
  accounts: readonly { readonly regions: readonly { readonly region: string }[] }[],
  scope: Scope,
): void {
  const covered = new Set(accounts.flatMap(({ regions }) => regions.map(({ region }) => region)));
  const unknown = scope.regions?.find((region) => !covered.has(region));
  if (unknown) {
    throw new PortcullisError(
      'unknown-scope',
      `regions: ${unknown} is not enabled in any account of this scope, or not among PORTCULLIS_REGIONS`,
    );
  }
}
