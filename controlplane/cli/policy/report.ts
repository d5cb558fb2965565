import type { Policy } from '../../../lambda/policy/parse.ts';
import type { Fact } from '../../../lambda/policy/security-group.ts';
import {
  type EvaluatedRule,
  type EvaluationInput,
  evaluateRules,
  type GroupSnapshot,
  ownerText,
} from './evaluate.ts';

/** Which group it is, as far as the input tells. */
export interface GroupHead {
  readonly groupId: string;
  readonly groupName: string | null;
  readonly vpcId: string | null;
  readonly account: string | null;
  readonly region: string | null;
}

/** One security group and what the policy says of each of its ingress rules. */
export interface GroupReport extends GroupHead {
  readonly owner: string | null;
  /** What the policy may ask of the group and the input does not tell. */
  readonly notKnown: readonly string[];
  readonly notes: readonly string[];
  readonly egress: number;
  readonly rules: readonly EvaluatedRule[];
}

/** A group with what the policy says of it. */
export interface EvaluatedGroup {
  readonly snapshot: GroupSnapshot;
  readonly report: GroupReport;
}

export interface Counts {
  readonly groups: number;
  readonly rules: number;
  readonly egress: number;
  readonly violation: number;
  /** Of the violations, those that the Lambda would close; the others it would only tell of or record. */
  readonly closed: number;
  readonly excepted: number;
  readonly undecided: number;
  readonly allowed: number;
}

export function headOf({ group, account, region }: GroupSnapshot): GroupHead {
  const groupName = group.unread?.has('name') ? null : group.name;
  return {
    groupId: group.id,
    groupName,
    vpcId: group.vpcId,
    account: account ?? null,
    region: region ?? null,
  };
}

/** A group evaluated by a policy. Pure. */
export function reportOf(policy: Policy, snapshot: GroupSnapshot, input: EvaluationInput): GroupReport {
  const { egress, notes } = snapshot;
  return {
    ...headOf(snapshot),
    ...{ owner: ownerText(policy, snapshot), notKnown: notKnownOf(snapshot), notes, egress },
    rules: evaluateRules(policy, snapshot, input),
  };
}

const words: [Fact, string][] = [
  ['id', 'its id'],
  ['name', 'its name'],
  ['vpc', 'its VPC'],
];

export function notKnownOf({ group, account, region }: GroupSnapshot): string[] {
  return [
    ...words.flatMap(([fact, text]) => (group.unread?.has(fact) ? [text] : [])),
    ...(group.tags ? [] : ['its tags']),
    ...(account ? [] : ['its account (say --account)']),
    ...(region ? [] : ['its Region (say --region)']),
  ];
}

export function countsOf(reports: readonly GroupReport[]): Counts {
  const all = reports.flatMap(({ rules }) => rules);
  const count = (verdict: EvaluatedRule['verdict']) => all.filter((each) => each.verdict === verdict).length;
  return {
    groups: reports.length,
    rules: all.length,
    egress: reports.reduce((sum, { egress }) => sum + egress, 0),
    violation: count('violation'),
    closed: all.filter(({ act }) => act === 'revoke' || act === 'narrow').length,
    excepted: count('excepted'),
    undecided: count('undecided'),
    allowed: count('allowed'),
  };
}
