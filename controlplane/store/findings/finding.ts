import type { Mode } from '../../../lambda/policy/schema/policy.ts';

/** From the nearest to the internet to the farthest. `attached`: to an interface that was not shown to be reachable. */
export const exposures = ['reachable', 'attached', 'unattached', 'unknown'] as const;
export type Exposure = (typeof exposures)[number];

export const findingStates = ['open', 'excepted', 'remediated', 'resolved'] as const;
export type FindingState = (typeof findingStates)[number];

/** What changes a state. `account-left`: the account left the organization, so nothing can be read there. */
export const findingCauses = ['event', 'sweep', 'account-left'] as const;
export type FindingCause = (typeof findingCauses)[number];

/** Who answers for a group, by the first of these that is known. */
export interface FindingOwner {
  readonly by: 'group-tag' | 'account-tag' | 'principal';
  /** The tag's key; null for a principal. */
  readonly tag: string | null;
  readonly value: string;
}

/** The API call that opened the ingress, where CloudTrail still has it. Times are ISO 8601 in UTC. */
export interface OpenedBy {
  readonly principal: string;
  readonly eventId: string;
  readonly eventTime: string;
}

/** One ingress rule that the policy forbids, as one read of its group shows it. */
export interface ObservedFinding {
  readonly groupId: string;
  readonly groupName: string | null;
  readonly vpcId: string | null;
  /** The canonical content of the rule: `ingressKey` of lambda/policy/rule.ts. With account, Region and group: the identity. */
  readonly ingress: string;
  readonly ruleId: string | null;
  readonly protocol: string;
  readonly fromPort: number | null;
  readonly toPort: number | null;
  readonly source: string;
  readonly policyRule: string;
  readonly severity: string | null;
  readonly mode: Mode;
  readonly why: string;
  /** The exceptions that allow it; none: it is open. */
  readonly exceptions: readonly { readonly name: string; readonly expires: string | null }[];
  readonly exposure: {
    readonly level: Exposure;
    readonly why: string;
    readonly addresses: readonly string[];
  };
  readonly owner: FindingOwner | null;
  readonly openedBy: OpenedBy | null;
}

/** One complete read of a cell by a sweep: what it does not list was not there at `readAt`. */
export interface CellReading {
  readonly sweepId: string;
  readonly accountId: string;
  readonly region: string;
  /** When the read began, by the database's clock. */
  readonly readAt: Date;
  readonly policyDigest: string;
  /** The number of security groups that were read. */
  readonly groups: number;
  readonly findings: readonly ObservedFinding[];
  /** Rules that could not be evaluated: their findings keep their state. */
  readonly undecided: readonly {
    readonly groupId: string;
    readonly ruleId: string;
    readonly ingress: string;
    readonly reason: string;
  }[];
}
