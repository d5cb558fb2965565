import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Allow } from '../../../../lambda/policy/schema/match.ts';
import type { Mode, Policy, PolicyException, PolicyRule } from '../../../../lambda/policy/schema/policy.ts';
import { type Block, isInside } from './address-space.ts';
import { type Answer, scopeAnswer, type Where } from './oracle-scope.ts';
import { type Content, expectedSource, matchSource, type Source } from './oracle-source.ts';
import { type Subject, widerTogether } from './oracle-together.ts';
import { isAbout, openingOf, opens, type Point, pointsOf } from './oracle-traffic.ts';

/** The decision for one rule according to docs/policy.md. No action may be taken on `unclear`. */
export interface EvaluatedRule {
  verdict: 'allowed' | 'forbidden' | 'excepted' | 'unclear';
  mode?: Mode;
  by?: PolicyRule;
}

interface EvaluationContext {
  policy: Policy;
  where: Where;
  subjects: Subject[];
  points: Point[];
  together: Map<PolicyRule, Set<string>>;
}

/**
 * A judge that shares nothing with the evaluator: it tries one port of each stretch and counts addresses by outermost
 * prefixes. By rule id, egress left out.
 */
export function evaluateGroup(
  policy: Policy,
  where: Where,
  rules: readonly SecurityGroupRule[],
  lists: ReadonlyMap<string, Content>,
): Map<string, EvaluatedRule> {
  const ingress = rules.filter((rule) => !rule.IsEgress);
  const openings = ingress.map(openingOf);
  const clauses = [
    ...policy.rules.map(({ match }) => match),
    ...(policy.exceptions ?? []).flatMap(({ allow }) => allow),
  ];
  const points = pointsOf(openings, clauses);
  const subjects = ingress.map((rule, index) => {
    const opening = openings[index] ?? 'unknown';
    return {
      id: rule.SecurityGroupRuleId ?? '',
      opening,
      points: points.filter((point) => opens(opening, point)),
      source: expectedSource(rule, lists, policy.trustAwsPrefixLists ?? false),
    };
  });
  const bench = { policy, where, subjects, points, together: new Map() };
  return new Map(subjects.map((subject) => [subject.id, evaluateRule(bench, subject)]));
}

function evaluateRule(context: EvaluationContext, subject: Subject): EvaluatedRule {
  const { policy, where } = context;
  for (const by of policy.rules) {
    const answers = [
      scopeAnswer(by.scope, where),
      trafficAnswer(by, subject),
      matchSource(by.match.sources, subject.source, where.account, () =>
        togetherOf(context, by).has(subject.id),
      ),
    ];
    if (answers.includes('no')) continue;
    const covered = coverage(context, subject);
    if (covered === 'yes') return { verdict: 'excepted', by };
    if (answers.includes('unknown') || covered === 'unknown') return { verdict: 'unclear', by };
    const mode = modeOf(policy, by);
    if (mode === 'revoke' && subject.source.kind === 'nonsense') return { verdict: 'unclear', by };
    return { verdict: 'forbidden', by, mode };
  }
  return { verdict: 'allowed' };
}

/** A rule's own mode, or the policy's where that is weaker. */
export function modeOf({ mode: cap = 'revoke' }: Policy, { mode }: PolicyRule): Mode {
  if (cap === 'observe' || mode === 'observe') return 'observe';
  return cap === 'notify' || mode === 'notify' ? 'notify' : 'revoke';
}

function trafficAnswer({ match }: PolicyRule, { opening, points }: Subject): Answer {
  if (opening === 'unknown') return 'unknown';
  if (match.protocols?.includes('all')) return opening === 'everything' ? 'yes' : 'no';
  return points.some((point) => isAbout(match, point)) ? 'yes' : 'no';
}

/** Whether every point and address of a rule is in some exception that counts. */
function coverage({ policy, where }: EvaluationContext, subject: Subject): Answer {
  const { opening, points, source } = subject;
  if (opening === 'unknown') return 'no';
  const counting = (policy.exceptions ?? [])
    .filter(({ expires }) => expires === undefined || where.now.getTime() < Date.parse(expires))
    .map((exception) => ({ exception, answer: scopeAnswer(exception.where, where) }));
  const covers = (exceptions: PolicyException[]) =>
    points.every((point) => {
      const open = exceptions.flatMap(({ allow }) => allow).filter((allow) => isAbout(allow, point));
      return isLetIn(open, source);
    });
  const of = (...answers: Answer[]) =>
    counting.filter(({ answer }) => answers.includes(answer)).map(({ exception }) => exception);
  if (covers(of('yes'))) return 'yes';
  return covers(of('yes', 'unknown')) ? 'unknown' : 'no';
}

function isLetIn(allowed: Allow[], source: Source): boolean {
  const sources = allowed.map((allow) => allow.sources);
  if (source.list && sources.some(({ prefixLists }) => prefixLists?.includes(source.list ?? ''))) return true;
  if (source.kind === 'group')
    return sources.some(({ groupsOfAccounts }) => groupsOfAccounts?.includes(source.account ?? ''));
  if (source.kind !== 'blocks' || source.blocks.length === 0) return false;
  const blocks = sources.flatMap(({ cidrs = [] }) => cidrs).flatMap((text) => blocksOf(text));
  return source.blocks.every((block) => isInside(block, blocks));
}

function togetherOf(context: EvaluationContext, by: PolicyRule): Set<string> {
  const found =
    context.together.get(by) ?? widerTogether(by.match, context, (subject) => coverage(context, subject));
  context.together.set(by, found);
  return found;
}

function blocksOf(text: string): Block[] {
  const source = expectedSource({ CidrIpv4: text }, new Map(), false);
  return source.kind === 'blocks' ? source.blocks : [];
}
