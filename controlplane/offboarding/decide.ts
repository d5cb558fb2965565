import { type CoveredScope, covers, type FleetScope, leftOutBy } from '../organization/fleet-scope.ts';
import type { AccountRecord } from '../store/accounts.ts';

/** What is to become of a stack. In doubt it is `unknown`, and nothing is done. */
export type Decision =
  | { readonly kind: 'wanted' }
  /** Its resources are deleted while they can be reached; `bySetting`: once a person has confirmed it. */
  | { readonly kind: 'destroy'; readonly because: string; readonly bySetting?: true }
  /** Its resources are out of reach: its state is archived, and nothing is touched. */
  | { readonly kind: 'archive'; readonly because: string }
  | { readonly kind: 'unknown'; readonly because: string };

const wanted: Decision = { kind: 'wanted' };

/**
 * Decides about everything of an account, by what the last complete listing of the organization says of it. Pure.
 *
 * A closed account takes no call: "the account can no longer be used for any AWS activity" (AWS Organizations User
 * Guide, "Closing an AWS account"). One that is still closing may, so it is tried. One that left is no longer ours to
 * command but may still let us in: roles that trust the management account stay (same guide, "Removing a member
 * account"), ours among them, so what we made there is taken away if it can be.
 * @param before scopes of earlier settings: an account that one of them covers where it is now leaves by a setting
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
      return { kind: 'destroy', because: 'the account is not in the organization any more' };
    case 'SUSPENDED':
    case 'CLOSED':
      return { kind: 'archive', because: `the account is ${account.state}` };
    case 'PENDING_ACTIVATION':
    case 'UNKNOWN':
      return { kind: 'unknown', because: `the account is ${account.state}` };
  }
}

/** What EC2 says of a Region in an account: `DescribeRegions` with `AllRegions`, which names every Region there is. */
export type RegionStatus = 'enabled' | 'disabled' | 'not listed';

/**
 * Decides about one Region of an account. EC2 has the last word on whether it is enabled; a Region that an answer
 * leaves out altogether is doubt. Disabling one "will remove all IAM access to any resources that reside in that
 * Region" (API reference, DisableRegion), so nothing there can be deleted any more. An enabled Region leaves by the
 * settings alone. Pure.
 * @param status undefined: not looked at; then only the settings speak.
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
