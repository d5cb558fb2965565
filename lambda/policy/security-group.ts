import type { AccountFacts } from './account-facts.ts';
import type { Cidr } from './addresses/cidr.ts';

export interface SecurityGroup {
  id: string;
  name: string;
  vpcId: string | null;
  /** The account that owns the group; for a shared group, not the one that lists it. Absent when not read. */
  owner?: string | undefined;
  /** Absent when not read; then conditions on tags are in doubt. */
  tags?: Readonly<Record<string, string>>;
  /** Other facts that were not read; conditions on them are in doubt. */
  unread?: ReadonlySet<Fact>;
}

/** What a scope can require of a group, except for tags. */
export type Fact = 'id' | 'name' | 'vpc';

/** One rule of a security group, with its source as text and kind. */
export interface SecurityGroupRule {
  id: string;
  groupId: string;
  egress: boolean;
  protocol: string;
  fromPort: number | null;
  toPort: number | null;
  source: {
    kind: 'cidr' | 'prefix-list' | 'group' | 'unknown';
    text: string;
    /** The owner of the source group, when EC2 returns it. */
    account?: string | null;
  };
  /** Absent when not read. It does not affect the evaluation. */
  description?: string | undefined;
  tags?: readonly { Key: string; Value: string }[];
}

/**
 * The content of a prefix list. `aws`: AWS owns and maintains it, such as CloudFront's. `unseenOwner`: its owner is
 * outside the organization, so its edits cause no event. `synced`: IPAM writes its entries.
 */
export type PrefixList =
  | { kind: 'entries'; cidrs: readonly string[]; unseenOwner?: string; synced?: boolean }
  | { kind: 'aws'; name: string }
  | { kind: 'unknown'; reason: string };

/** Where and when a group is evaluated. Absent facts are unknown, and what depends on them is undecided. */
export interface Situation {
  account?: string;
  region?: string;
  accounts?: Readonly<Record<string, AccountFacts>>;
  prefixLists?: ReadonlyMap<string, PrefixList>;
  now?: Date;
}

/** An answer that may be in doubt, with its reason. */
export interface Match {
  match: 'yes' | 'no' | 'unknown';
  why: string;
}

/** A rule's source as far as it is known: the addresses that it allows, or a group. */
export type Source =
  /** `doubt`: why it may allow more without an event. */
  | { kind: 'addresses'; ranges: readonly Cidr[]; doubt?: string }
  | { kind: 'group'; account: string | null }
  | { kind: 'trusted'; why: string }
  | { kind: 'unknown'; why: string };
