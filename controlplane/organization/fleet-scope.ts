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

/** The scope with the Regions in it, as it is stored: null is all. */
export interface CoveredScope {
  readonly regions: readonly string[] | null;
  readonly organizationalUnits: readonly string[] | null;
  readonly exclude: readonly string[];
}

type Placed = Pick<OrganizationAccount, 'id' | 'parents'>;

/**
 * Whether an account is to be covered. The hub's own stack is no matter of scope: it is there wherever the scope ends.
 * Pure; whether the scope's names exist is {@link requireKnown}'s to say.
 */
export function covers(
  { organizationalUnits, exclude }: FleetScope | CoveredScope,
  { id, parents }: Placed,
): boolean {
  const isExcluded = exclude.includes(id) || parents.some((parent) => exclude.includes(parent));
  const isIncluded = organizationalUnits?.some((unit) => parents.includes(unit)) ?? true;
  return isIncluded && !isExcluded;
}

const isAccount = (id: string) => /^\d{12}$/.test(id);

/** The setting that leaves an account out; undefined where it is covered. Pure. */
export function leftOutBy(
  scope: FleetScope | CoveredScope,
  account: Placed,
): 'PORTCULLIS_EXCLUDE' | 'PORTCULLIS_ORGANIZATIONAL_UNITS' | undefined {
  if (covers(scope, account)) return undefined;
  return covers({ ...scope, exclude: [] }, account)
    ? 'PORTCULLIS_EXCLUDE'
    : 'PORTCULLIS_ORGANIZATIONAL_UNITS';
}

/**
 * What is wrong with a scope that names what the organization does not have; undefined where every name exists. Pure.
 * @param everSeen ids of accounts that were once in the organization; leaving one out that has left is no mistake
 */
export function unknownName(
  { organizationalUnits, exclude }: FleetScope | CoveredScope,
  { id, units, accounts }: Pick<Organization, 'id' | 'units' | 'accounts'>,
  everSeen: ReadonlySet<string>,
): string | undefined {
  const known = (name: string) =>
    isAccount(name)
      ? everSeen.has(name) || accounts.some((account) => account.id === name)
      : units.includes(name);
  const check = (variable: string, names: readonly string[], what: string) => {
    const unknown = names.find((name) => !known(name));
    return unknown && `${variable} names ${unknown}, which is not in organization ${id}; name ${what} of it`;
  };
  return (
    check('PORTCULLIS_ORGANIZATIONAL_UNITS', organizationalUnits ?? [], 'organizational units or the root') ??
    check('PORTCULLIS_EXCLUDE', exclude, 'organizational units or accounts')
  );
}

/**
 * Returns where every name of the scope exists: an unknown one is an error, never "all" and never "none".
 * @throws PortcullisError `invalid-environment`
 */
export function requireKnown(...given: Parameters<typeof unknownName>): void {
  const wrong = unknownName(...given);
  if (wrong) throw new PortcullisError('invalid-environment', wrong);
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
