import { isPublic } from '../../../lambda/policy/addresses/cidr.ts';
import { type Policy, policyDigest } from '../../../lambda/policy/parse.ts';
import { resolveSource } from '../../../lambda/policy/source.ts';
import {
  type EvaluatedRule,
  type EvaluationInput,
  evaluateRules,
  type GroupHead,
  headOf,
  undecided,
} from './evaluate.ts';
import type { GroupSnapshot } from './snapshot.ts';

/** A rule, with its group, that two policies evaluate differently. */
export interface Difference extends GroupHead {
  readonly old: EvaluatedRule;
  readonly new: EvaluatedRule;
}

export interface DiffReport {
  readonly oldDigest: string;
  readonly newDigest: string;
  readonly at: string;
  readonly differing: readonly Difference[];
  readonly same: readonly (GroupHead & EvaluatedRule)[];
  /** What could not be compared, in sentences. */
  readonly gaps: readonly string[];
}

/** Rules to compare two policies on. `whole`: the snapshots have all ingress rules of each group. */
export interface Evidence {
  readonly snapshots: readonly GroupSnapshot[];
  readonly whole: boolean;
  readonly gaps: readonly string[];
}

/** What a change of the policy changes: for each rule, the verdict, who decides and in which mode. Pure. */
export function diffPolicies(
  older: Policy,
  newer: Policy,
  { snapshots, whole, gaps }: Evidence,
  input: EvaluationInput,
): DiffReport {
  const byOld = evaluatorOf(older, whole, input);
  const byNew = evaluatorOf(newer, whole, input);
  const pairs = snapshots.flatMap((snapshot) => {
    const [head, after] = [headOf(snapshot), byNew(snapshot)];
    return byOld(snapshot).flatMap((old, index) => {
      const present = after[index];
      return present ? [{ ...head, old, new: present }] : [];
    });
  });
  const { differing = [], same = [] } = Object.groupBy(pairs, (pair) =>
    effectOf(pair.old) === effectOf(pair.new) ? 'same' : 'differing',
  );
  return {
    oldDigest: policyDigest(older),
    newDigest: policyDigest(newer),
    at: input.now.toISOString(),
    differing,
    same: same.map(({ old: _, new: present, ...head }) => ({ ...head, ...present })),
    gaps,
  };
}

/** Everything that a verdict leads to, without the explanation. */
function effectOf({ verdict, policyRule, mode, act, narrowTo, exceptions }: EvaluatedRule): string {
  return JSON.stringify([verdict, policyRule, mode, act, narrowTo, exceptions]);
}

/**
 * Evaluates groups by a policy. If other rules of the group may be missing, a rule that they could make too wide together
 * with it is undecided, where that would change its verdict.
 */
function evaluatorOf(policy: Policy, whole: boolean, input: EvaluationInput) {
  const evaluateAlone = (snapshot: GroupSnapshot) => evaluateRules(policy, snapshot, input);
  if (whole) return evaluateAlone;
  const widest = asIfTogether(policy);
  return (snapshot: GroupSnapshot): EvaluatedRule[] => {
    const together = evaluateRules(widest, snapshot, input);
    return evaluateAlone(snapshot).map((alone, index) => {
      const [other, rule] = [together[index], snapshot.rules[index]];
      if (!other || !rule || !allowsPublic(policy, rule, input)) return alone;
      // What an exception covers does not count against other rules, nor they against it.
      if (other.verdict === 'excepted' || effectOf(other) === effectOf(alone)) return alone;
      const { ruleId, rule: text, verdict, why } = alone;
      const doubt = "whether it is too wide together with the group's other rules is not known";
      return {
        ...{ ruleId, rule: text, verdict: 'undecided', ...undecided },
        why: `${doubt}; alone it is ${verdict}: ${why}`,
      };
    });
  };
}

function allowsPublic(policy: Policy, rule: GroupSnapshot['rules'][number], input: EvaluationInput): boolean {
  const source = resolveSource(rule.source, input, policy);
  return source.kind === 'addresses' && source.ranges.some(isPublic);
}

/** The policy for which every range is too wide together with others. */
function asIfTogether(policy: Policy): Policy {
  const rules = policy.rules.map((rule) => {
    const { sources } = rule.match;
    if (!sources?.public?.union) return rule;
    const cidrs = [...(sources.cidrs ?? []), '0.0.0.0/0', '::/0'];
    return { ...rule, match: { ...rule.match, sources: { ...sources, cidrs } } };
  });
  return { ...policy, rules };
}
