import { type CoveredScope, covers, type FleetScope, leftOutBy } from '../organization/fleet-scope.ts';
import type { AccountRecord } from '../store/accounts.ts';

/** `unknown` when in doubt: nothing is done then. */
export type Decision =
  | { readonly kind: 'wanted' }
  /** Its resources are deleted while they can be reached; `bySetting`: once a person has confirmed it. */
  | { readonly kind: 'destroy'; readonly because: string; readonly bySetting?: true }
  /** Its resources are out of reach: its state is archived, and nothing is touched. */
  | { readonly kind: 'archive'; readonly because: string }
  | { readonly kind: 'unknown'; readonly because: string };

const wanted: Decision = { kind: 'wanted' };

/**
 * The decision for all stacks of an account, by its state in the last complete listing. Pure. A closed account
 * accepts no calls: "the account can no longer be used for any AWS activity" (AWS Organizations User Guide, "Closing
 * an AWS account"). An account that is still closing may accept them, so destroy is tried. An account that left may
 * still allow access, because roles that trust the management account stay (same guide, "Removing a member account"),
 * so destroy is tried there too.
 * @param before scopes of earlier settings: an account that is in one of them leaves by a setting
 */
export function decideAccount(
  account: Pick<AccountRecord, 'id' | 'state' | 'parents'>,
  scope: FleetScope | CoveredScope,
  before: readonly CoveredScope[] = [],
): Decision {
  switch (account.state) {
    case 'ACTIVE': {
      const setting = leftOutBy(scope, account);
      if (!setting) return wanted;
      return before.some((earlier) => covers(earlier, account))
        ? { kind: 'destroy', because: `left out by ${setting}`, bySetting: true }
        : { kind: 'destroy', because: 'out of scope' };
    }
    case 'PENDING_CLOSURE':
      return { kind: 'destroy', because: 'the account is being closed' };
    case 'DEPARTED':
      return { kind: 'destroy', because: 'the account is no longer in the organization' };
    case 'SUSPENDED':
    case 'CLOSED':
      return { kind: 'archive', because: `the account is ${account.state}` };
    case 'PENDING_ACTIVATION':
    case 'UNKNOWN':
      return { kind: 'unknown', because: `the account is ${account.state}` };
  }
}

export type RegionStatus = 'enabled' | 'disabled' | 'not listed';

/**
 * The decision for one Region of an account. `DescribeRegions` decides whether it is enabled; a Region that the
 * answer does not list is `unknown`. Disabling one "will remove all IAM access to any resources that reside in that
 * Region" (API reference, DisableRegion), so nothing there can be deleted. Pure.
 * @param status undefined: not inspected; the settings alone decide then
 */
export function decideRegion(
  region: string,
  account: Decision,
  regions: readonly string[] | null | undefined,
  status: RegionStatus | undefined,
): Decision {
  if (account.kind === 'archive' || account.kind === 'unknown') return account;
  if (status === 'disabled') return { kind: 'archive', because: `${region} is disabled in the account` };
  if (status === 'not listed') return { kind: 'unknown', because: `EC2 does not list ${region}` };
  if (account.kind === 'destroy') return account;
  return regions && !regions.includes(region)
    ? { kind: 'destroy', because: `${region} is not among PORTCULLIS_REGIONS`, bySetting: true }
    : wanted;
}
