import type { Cidr } from './addresses/cidr.ts';

export interface SecurityGroup {
  id: string;
  name: string;
  vpcId: string | null;
  /** The account that owns it: not the one it is listed in where it is shared. Left out where it was not read. */
  owner?: string | undefined;
  /** Left out where they were not read: what the policy makes of tags is in doubt then. */
  tags?: Readonly<Record<string, string>>;
  /** Other facts that were not read: what the policy makes of them is in doubt then. */
  unread?: ReadonlySet<Fact>;
}

/** What a scope can ask of a group besides its tags. */
export type Fact = 'id' | 'name' | 'vpc';

/** One rule of a security group as EC2 lists it, its source as text and kind. */
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
    /** The account that owns the group a rule names as its source, where EC2 says it. */
    account?: string | null;
  };
  /** Left out where they were not read; nothing is judged by them. */
  description?: string | undefined;
  tags?: readonly { Key: string; Value: string }[];
}

/** What the organization says of an account: the ids and names of the units above it, and its tags. */
export interface AccountFacts {
  organizationalUnits: readonly string[];
  tags: Readonly<Record<string, string>>;
}

/**
 * The content of a prefix list; `aws` is one that AWS owns and keeps, such as CloudFront's. `unseenOwner` owns it and is
 * not of the organization, so that no event tells of its edits; IPAM writes the entries of one that is `synced`.
 */
export type PrefixList =
  | { kind: 'entries'; cidrs: readonly string[]; unseenOwner?: string; synced?: boolean }
  | { kind: 'aws'; name: string }
  | { kind: 'unknown'; reason: string };

/** Where and when a group is judged. What is left out is not known, and what depends on it is undecided. */
export interface Situation {
  account?: string;
  region?: string;
  /** By account id. */
  accounts?: Readonly<Record<string, AccountFacts>>;
  /** By prefix list id. */
  prefixLists?: ReadonlyMap<string, PrefixList>;
  now?: Date;
}

/** An answer about a rule that may be in doubt, with the words for it. */
export interface Match {
  match: 'yes' | 'no' | 'unknown';
  why: string;
}

/** A rule's source as far as it is known: the addresses it lets in, or whose group. */
export type Source =
  /** `doubt`: why it may let in more without an event. */
  | { kind: 'addresses'; ranges: readonly Cidr[]; doubt?: string }
  | { kind: 'group'; account: string | null }
  | { kind: 'trusted'; why: string }
  | { kind: 'unknown'; why: string };
