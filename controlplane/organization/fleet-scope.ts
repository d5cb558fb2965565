import { PortcullisError } from '../settings/errors.ts';
import type { OrganizationAccount } from '../stacks/account.ts';
import type { Organization } from './listing.ts';

/** Which part of the organization is covered. */
export interface FleetScope {
  /** Ids of organizational units, or of the root; undefined: all. */
  readonly organizationalUnits: readonly string[] | undefined;
  /** Ids of organizational units and of accounts that are left out; they win. */
  readonly exclude: readonly string[];
}

type Placed = Pick<OrganizationAccount, 'id' | 'parents'>;

/**
 * Whether an account is to be covered. The hub's own stack is no matter of scope: it is there wherever the scope ends.
 * Pure; whether the scope's names exist is {@link requireKnown}'s to say.
 */
export function covers({ organizationalUnits, exclude }: FleetScope, { id, parents }: Placed): boolean {
  const isExcluded = exclude.includes(id) || parents.some((parent) => exclude.includes(parent));
  const isIncluded = organizationalUnits?.some((unit) => parents.includes(unit)) ?? true;
  return isIncluded && !isExcluded;
}

const isAccount = (id: string) => /^\d{12}$/.test(id);

/**
 * Returns where every name of the scope exists: an unknown one is an error, never "all" and never "none".
 * @param everSeen ids of accounts that were once in the organization; leaving one out that has left is no mistake
 * @throws PortcullisError `invalid-environment`
 */
export function requireKnown(
  { organizationalUnits = [], exclude }: FleetScope,
  { id, units, accounts }: Pick<Organization, 'id' | 'units' | 'accounts'>,
  everSeen: ReadonlySet<string>,
): void {
  const known = (name: string) =>
    isAccount(name)
      ? everSeen.has(name) || accounts.some((account) => account.id === name)
      : units.includes(name);
  const check = (variable: string, names: readonly string[], what: string) => {
    const unknown = names.find((name) => !known(name));
    if (!unknown) return;
    throw new PortcullisError(
      'invalid-environment',
      `${variable} names ${unknown}, which is not in organization ${id}; name ${what} of it`,
    );
  };
  check('PORTCULLIS_ORGANIZATIONAL_UNITS', organizationalUnits, 'organizational units or the root');
  check('PORTCULLIS_EXCLUDE', exclude, 'organizational units or accounts');
}

/** What follows from the scope that a person may not have meant. Pure. */
export function remarksOn(
  scope: FleetScope,
  { accounts, managementAccountId }: Pick<Organization, 'accounts' | 'managementAccountId'>,
): string[] {
  const management = accounts.find(({ id }) => id === managementAccountId);
  if (!management || covers(scope, management)) return [];
  return [
    `the management account ${managementAccountId} is out of scope: no lifecycle event is heard from it, so changes of the organization are found by the regular look alone`,
  ];
}
