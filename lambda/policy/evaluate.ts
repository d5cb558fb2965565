import { type Cover, createCover, formatException } from './exceptions.ts';
import {
  effectiveMode,
  type Mode,
  type Policy,
  type PolicyException,
  type PolicyRule,
} from './schema/policy.ts';
import { matchScope } from './scope.ts';
import type { Match, SecurityGroup, SecurityGroupRule, Situation, Source } from './security-group.ts';
import { matchSources, ofFamilies, resolveSource, widerFamily } from './source.ts';
import { everything, matchTraffic, type Opened, openedBy, spansOf } from './traffic.ts';
import { widerTogether } from './union.ts';

/** What the policy decides for one security group rule. No action is taken on `undecided`. */
export type Verdict = { rule: SecurityGroupRule } & (
  | { verdict: 'allowed'; why: string }
  | { verdict: 'violation'; policyRule: PolicyRule; mode: Mode; why: string }
  | {
      verdict: 'excepted';
      policyRule: PolicyRule;
      /** The exceptions that together allow the rule; `expires` is null for a permanent one. */
      exceptions: { name: string; expires: string | null }[];
      why: string;
    }
  | { verdict: 'undecided'; reason: string }
);

interface Subject {
  rule: SecurityGroupRule;
  source: Source;
  opened: Opened;
}

/**
 * One verdict for each security group rule, in the given order. The first policy rule that matches or is in doubt
 * decides: a match is a violation in that rule's effective mode, or excepted; a doubt is `undecided`. Pass all rules of
 * the group, because some are too wide only together. Pure.
 */
export function evaluate(
  policy: Policy,
  group: SecurityGroup,
  rules: readonly SecurityGroupRule[],
  situation: Situation = {},
): Verdict[] {
  const subjects = rules
    .filter((rule) => rule.groupId === group.id && !rule.egress)
    .map((rule) => toSubject(rule, policy, situation));
  const context: EvaluationContext = {
    policy,
    situation,
    subjects,
    cover: createCover(policy, group, situation),
    together: new Map(),
    scopes: new Map(policy.rules.map((each) => [each, matchScope(each.scope, group, situation)])),
  };
  const judged = new Map(subjects.map((subject) => [subject.rule, evaluateRule(context, subject)]));
  return rules.map((rule) => judged.get(rule) ?? exempted(rule, group));
}

function exempted(rule: SecurityGroupRule, group: SecurityGroup): Verdict {
  if (rule.groupId === group.id) return { rule, verdict: 'allowed', why: 'egress is not evaluated' };
  return { rule, verdict: 'undecided', reason: `the rule is listed under ${rule.groupId}, not ${group.id}` };
}

function toSubject(rule: SecurityGroupRule, policy: Policy, situation: Situation): Subject {
  const source = resolveSource(rule.source, situation, policy);
  return { rule, source, opened: openedBy(rule) };
}

interface EvaluationContext {
  policy: Policy;
  situation: Situation;
  subjects: readonly Subject[];
  cover: Cover;
  /** The rules that are too wide together, by policy rule, computed on first use. */
  together: Map<PolicyRule, Map<string, 4 | 6>>;
  scopes: Map<PolicyRule, Match>;
}

function evaluateRule(context: EvaluationContext, subject: Subject): Verdict {
  const { rule } = subject;
  for (const policyRule of context.policy.rules) {
    const answers = compare(context, policyRule, subject);
    if (missOf(answers)) continue;
    const coverage = coverageOf(context, subject);
    if (coverage.match === 'yes') return excepted(rule, policyRule, coverage.exceptions);
    const doubt = answers.find(({ match }) => match === 'unknown');
    if (doubt) return { rule, verdict: 'undecided', reason: doubt.why };
    if (coverage.match === 'unknown') return { rule, verdict: 'undecided', reason: coverage.why };
    const [, sources, traffic] = answers;
    const why = `${sources.why}, and ${traffic.why}`;
    return { rule, verdict: 'violation', policyRule, mode: effectiveMode(context.policy, policyRule), why };
  }
  return {
    rule,
    verdict: 'allowed',
    // Built on access: when a thousand policy rules miss, the reason of most is never read.
    get why() {
      const misses = context.policy.rules.map((policyRule) => missOf(compare(context, policyRule, subject)));
      return [...new Set(misses.map((miss) => miss?.why))].join('; ');
    },
  };
}

function missOf(answers: readonly Match[]): Match | undefined {
  return answers.find(({ match }) => match === 'no');
}

/** Whether the group is in scope and the rule has the policy rule's sources and ports; the cheapest checks first. */
function compare(
  context: EvaluationContext,
  policyRule: PolicyRule,
  subject: Subject,
): [Match, Match, Match] {
  const scope = context.scopes.get(policyRule) ?? { match: 'unknown', why: 'the scope was not evaluated' };
  if (scope.match === 'no') return [scope, scope, scope];
  const traffic = matchTraffic(policyRule.match, subject.opened);
  if (traffic.match === 'no') return [scope, traffic, traffic];
  const sources = matchSources(policyRule.match.sources, subject.rule.source, subject.source, {
    account: context.situation.account,
    widerTogether: () => together(context, policyRule).get(subject.rule.id),
  });
  return [scope, sources, traffic];
}

function coverageOf({ cover }: EvaluationContext, { rule, source, opened }: Subject) {
  return 'unknown' in opened ? { match: 'no' as const } : cover(rule.source, source, opened);
}

function excepted(rule: SecurityGroupRule, policyRule: PolicyRule, by: PolicyException[]): Verdict {
  const exceptions = by.map(({ name, expires }) => ({ name, expires: expires ?? null }));
  const why = `excepted by ${exceptions.map(formatException).join(', ')}`;
  return { rule, verdict: 'excepted', policyRule, exceptions, why };
}

/** A rule that is too wide alone, or that an exception covers or may cover, does not count against the others. */
function together(context: EvaluationContext, policyRule: PolicyRule): Map<string, 4 | 6> {
  const known = context.together.get(policyRule);
  if (known) return known;
  const { sources, protocols } = policyRule.match;
  const limits = sources?.public;
  if (!limits) return new Map();
  const contributions = context.subjects.flatMap((subject) => {
    const { rule, source, opened } = subject;
    if (source.kind !== 'addresses' || 'unknown' in opened) return [];
    if (protocols?.includes('all') && opened !== everything) return [];
    const ranges = ofFamilies(source.ranges, sources.addressFamilies);
    const apart = widerFamily(limits, ranges) || coverageOf(context, subject).match !== 'no';
    return apart ? [] : [{ ruleId: rule.id, opened, ranges }];
  });
  const found = widerTogether(contributions, spansOf(policyRule.match), limits);
  context.together.set(policyRule, found);
  return found;
}
