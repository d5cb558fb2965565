import { isPublic } from '../../../lambda/policy/addresses/cidr.ts';
import { type Policy, policyDigest } from '../../../lambda/policy/parse.ts';
import { resolveSource } from '../../../lambda/policy/source.ts';
import {
  type EvaluatedRule,
  type EvaluationInput,
  evaluateRules,
  type GroupSnapshot,
  undecided,
} from './evaluate.ts';

/** A rule that two policies evaluate differently. */
export interface Difference {
  readonly snapshot: GroupSnapshot;
  readonly old: EvaluatedRule;
  readonly new: EvaluatedRule;
}

export interface DiffReport {
  readonly oldDigest: string;
  readonly newDigest: string;
  readonly at: string;
  readonly differing: readonly Difference[];
  readonly same: readonly { readonly snapshot: GroupSnapshot; readonly evaluated: EvaluatedRule }[];
  /** What could not be compared, in sentences. */
  readonly gaps: readonly string[];
}

/** Rules to compare two policies on. `whole`: all the ingress rules of each group are there. */
export interface Evidence {
  readonly snapshots: readonly GroupSnapshot[];
  readonly whole: boolean;
  readonly gaps: readonly string[];
}

/** What a change of policy changes: for each rule, who decides, how and in which mode. Pure. */
export function diffPolicies(
  older: Policy,
  newer: Policy,
  evidence: Evidence,
  input: EvaluationInput,
): DiffReport {
  const { snapshots, whole, gaps } = evidence;
  const byOld = evaluatorOf(older, whole, input);
  const byNew = evaluatorOf(newer, whole, input);
  const pairs = snapshots.flatMap((snapshot) => {
    const [before, after] = [byOld(snapshot), byNew(snapshot)];
    return before.flatMap((old, index) => {
      const present = after[index];
      return present ? [{ snapshot, old, new: present }] : [];
    });
  });
  return {
    oldDigest: policyDigest(older),
    newDigest: policyDigest(newer),
    at: input.now.toISOString(),
    differing: pairs.filter((pair) => effectOf(pair.old) !== effectOf(pair.new)),
    same: pairs
      .filter((pair) => effectOf(pair.old) === effectOf(pair.new))
      .map(({ snapshot, new: present }) => ({ snapshot, evaluated: present })),
    gaps,
  };
}

/** All that a verdict leads to, but for the words. */
function effectOf({ verdict, policyRule, mode, act, narrowTo, exceptions }: EvaluatedRule): string {
  return JSON.stringify([verdict, policyRule, mode, act, narrowTo, exceptions]);
}

type Evaluate = (snapshot: GroupSnapshot) => EvaluatedRule[];

/**
 * Where a group's other rules are not known, and could make a rule too wide together with them, and that would
 * decide otherwise, it is undecided.
 */
function evaluatorOf(policy: Policy, whole: boolean, input: EvaluationInput): Evaluate {
  const alone: Evaluate = (snapshot) => evaluateRules(policy, snapshot, input);
  if (whole) return alone;
  const widest = asIfTogether(policy);
  return (snapshot) => {
    const atMost = evaluateRules(widest, snapshot, input);
    return alone(snapshot).map((evaluated, index) => {
      const [other, rule] = [atMost[index], snapshot.rules[index]];
      if (!other || !rule || !letsPublicIn(policy, rule, input)) return evaluated;
      // What an exception covers does not count against other rules, nor they against it.
      if (other.verdict === 'excepted' || effectOf(other) === effectOf(evaluated)) return evaluated;
      return {
        ...{ ...evaluated, ...undecided, verdict: 'undecided', narrowTo: [] },
        why: `${togetherDoubt}; alone it is ${evaluated.verdict}: ${evaluated.why}`,
      };
    });
  };
}

const togetherDoubt = "whether it is too wide together with the group's other rules is not known";

function letsPublicIn(
  policy: Policy,
  rule: GroupSnapshot['rules'][number],
  { prefixLists }: EvaluationInput,
): boolean {
  const source = resolveSource(rule.source, { prefixLists }, policy);
  return source.kind === 'addresses' && source.ranges.some(isPublic);
}

/** The policy where every range is too wide together with others. */
function asIfTogether(policy: Policy): Policy {
  const rules = policy.rules.map((rule) => {
    const { sources } = rule.match;
    if (!sources?.public?.union) return rule;
    const cidrs = [...(sources.cidrs ?? []), '0.0.0.0/0', '::/0'];
    return { ...rule, match: { ...rule.match, sources: { ...sources, cidrs } } };
  });
  return { ...policy, rules };
}
