import { z } from 'zod';
import { PortcullisError } from '../settings/errors.ts';
import type { Organization, OrganizationAccount } from './listing.ts';

/** What a run is about; an empty scope is the whole organization. The parts narrow each other. */
export const scopeSchema = z.strictObject({
  accounts: z
    .array(z.string().regex(/^\d{12}$/, 'must be a 12-digit account id'))
    .min(1)
    .optional(),
  organizationalUnits: z
    .array(
      z
        .string()
        .regex(/^(ou|r)-[0-9a-z-]+$/, 'must be the id of an organizational unit (ou-…) or root (r-…)'),
    )
    .min(1)
    .optional(),
  regions: z.array(z.string().min(1)).min(1).optional(),
});

export type Scope = z.infer<typeof scopeSchema>;

/** No account at all: a run about the hub alone. Callers of the API cannot ask for it. */
export const hubAlone: Scope = { accounts: [] };

export const isWholeOrganization = (scope: Scope): boolean =>
  !scope.accounts && !scope.organizationalUnits && !scope.regions;

/**
 * The accounts that a scope names.
 * @throws PortcullisError `unknown-scope` where it names an account or unit that the organization does not have:
 *   an unresolvable scope is an error, never an empty or a whole one.
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
 * Returns where each Region of a scope is enabled in some account, once every account in scope has been looked at.
 * @throws PortcullisError `unknown-scope` where none has it: a run about nothing is an error, not a success.
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
