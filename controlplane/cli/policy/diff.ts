import { isPublic } from '../../../lambda/policy/addresses/cidr.ts';
import { type Policy, policyDigest } from '../../../lambda/policy/parse.ts';
import { sourceOf } from '../../../lambda/policy/source.ts';
import { type Circumstances, type Holding, type Judged, judge } from './evaluate.ts';

/** A rule that two policies judge otherwise. */
export interface Difference {
  readonly holding: Holding;
  readonly old: Judged;
  readonly new: Judged;
}

export interface DiffReport {
  readonly oldDigest: string;
  readonly newDigest: string;
  readonly at: string;
  readonly differing: readonly Difference[];
  readonly same: readonly { readonly holding: Holding; readonly judged: Judged }[];
  /** What could not be compared, in sentences. */
  readonly gaps: readonly string[];
}

/** Rules to compare two policies on. `whole`: all the ingress rules of each group are there. */
export interface Evidence {
  readonly holdings: readonly Holding[];
  readonly whole: boolean;
  readonly gaps: readonly string[];
}

/** What a change of policy changes: for each rule, who decides, how and in which mode. Pure. */
export function diffPolicies(
  older: Policy,
  newer: Policy,
  evidence: Evidence,
  circumstances: Circumstances,
): DiffReport {
  const { holdings, whole, gaps } = evidence;
  const byOld = judgeOf(older, whole, circumstances);
  const byNew = judgeOf(newer, whole, circumstances);
  const pairs = holdings.flatMap((holding) => {
    const [before, after] = [byOld(holding), byNew(holding)];
    return before.flatMap((old, index) => {
      const present = after[index];
      return present ? [{ holding, old, new: present }] : [];
    });
  });
  return {
    oldDigest: policyDigest(older),
    newDigest: policyDigest(newer),
    at: circumstances.now.toISOString(),
    differing: pairs.filter((pair) => effectOf(pair.old) !== effectOf(pair.new)),
    same: pairs
      .filter((pair) => effectOf(pair.old) === effectOf(pair.new))
      .map(({ holding, new: present }) => ({ holding, judged: present })),
    gaps,
  };
}

/** All that a verdict leads to, but for the words. */
function effectOf({ verdict, policyRule, mode, act, narrowTo, exceptions }: Judged): string {
  return JSON.stringify([verdict, policyRule, mode, act, narrowTo, exceptions]);
}

type Judge = (holding: Holding) => Judged[];

/**
 * Where a group's other rules are not known, and could make a rule too wide together with them, and that would
 * decide otherwise, it is undecided.
 */
function judgeOf(policy: Policy, whole: boolean, circumstances: Circumstances): Judge {
  const alone: Judge = (holding) => judge(policy, holding, circumstances);
  if (whole) return alone;
  const widest = asIfTogether(policy);
  return (holding) => {
    const atMost = judge(widest, holding, circumstances);
    return alone(holding).map((judged, index) => {
      const [other, rule] = [atMost[index], holding.rules[index]];
      if (!other || !rule || !letsPublicIn(policy, rule, circumstances)) return judged;
      // What an exception covers does not count against other rules, nor they against it.
      if (other.verdict === 'excepted' || effectOf(other) === effectOf(judged)) return judged;
      return { ...judged, ...open, why: `${togetherDoubt}; alone it is ${judged.verdict}: ${judged.why}` };
    });
  };
}

const open = {
  verdict: 'undecided',
  policyRule: null,
  severity: null,
  message: null,
  mode: null,
  act: null,
  narrowTo: [],
} as const;
const togetherDoubt = "whether it is too wide together with the group's other rules is not known";

function letsPublicIn(
  policy: Policy,
  rule: Holding['rules'][number],
  { prefixLists }: Circumstances,
): boolean {
  const source = sourceOf(rule.source, { prefixLists }, policy.trustAwsPrefixLists ?? false);
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
