import { PortcullisError } from '../settings/errors.ts';
import type { OrganizationAccount } from '../stacks/account.ts';
import type { Organization } from './listing.ts';

export interface FleetScope {
  /** Ids of organizational units or of the root; undefined: all. */
  readonly organizationalUnits: readonly string[] | undefined;
  /** Ids of organizational units and accounts to leave out; they take precedence. */
  readonly exclude: readonly string[];
}

/** A scope as stored, with its Regions; null is all. */
export interface CoveredScope {
  readonly regions: readonly string[] | null;
  readonly organizationalUnits: readonly string[] | null;
  readonly exclude: readonly string[];
}

type Placed = Pick<OrganizationAccount, 'id' | 'parents'>;

/** The hub stack exists outside any scope. Pure; {@link requireKnown} checks that the names exist. */
export function covers(
  { organizationalUnits, exclude }: FleetScope | CoveredScope,
  { id, parents }: Placed,
): boolean {
  const isExcluded = exclude.includes(id) || parents.some((parent) => exclude.includes(parent));
  const isIncluded = organizationalUnits?.some((unit) => parents.includes(unit)) ?? true;
  return isIncluded && !isExcluded;
}

const isAccount = (id: string) => /^\d{12}$/.test(id);

/** The setting that leaves an account out; undefined when it is in scope. Pure. */
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
 * The error of a scope that names something the organization does not have; undefined when every name exists. Pure.
 * @param everSeen ids of accounts that were once in the organization; excluding an account that left is not an error
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

/** @throws PortcullisError `invalid-environment` for an unknown name, which never means "all" or "none" */
export function requireKnown(...given: Parameters<typeof unknownName>): void {
  const wrong = unknownName(...given);
  if (wrong) throw new PortcullisError('invalid-environment', wrong);
}

/** Consequences of the scope that a person may not expect. Pure. */
export function remarksOn(
  scope: FleetScope,
  { accounts, managementAccountId }: Pick<Organization, 'accounts' | 'managementAccountId'>,
): string[] {
  const management = accounts.find(({ id }) => id === managementAccountId);
  if (!management || covers(scope, management)) return [];
  return [
    `the management account ${managementAccountId} is out of scope: no lifecycle event is received from it, so only the regular listing finds changes of the organization`,
  ];
}
