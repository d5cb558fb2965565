import { merge, overlap } from '../../../lambda/policy/addresses/set.ts';
import { allowsOf } from '../../../lambda/policy/schema/exception.ts';
import type { Allow } from '../../../lambda/policy/schema/match.ts';
import {
  effectiveMode,
  escalationLimit,
  type Policy,
  type PolicyException,
  type PolicyRule,
} from '../../../lambda/policy/schema/policy.ts';
import { rangesOf } from '../../../lambda/policy/source.ts';
import { spansOf } from '../../../lambda/policy/traffic.ts';
import { PortcullisError } from '../../settings/errors.ts';
import { type EvaluatedRule, type EvaluationInput, evaluateRules } from './evaluate.ts';
import { allowText, and, or, scopeText, sourcesText, trafficTexts } from './sentences.ts';
import { type GroupSnapshot, notKnownOf } from './snapshot.ts';

/** What one rule of the policy decides about a security group rule. */
interface Step {
  readonly policyRule: string;
  readonly says: 'misses' | 'decides' | 'not-reached';
  readonly why: string;
}

export type Decision = ReturnType<typeof explainDecision>;

/** How the policy reaches its verdict on one rule of the group: it is evaluated by each policy rule alone, in order. Pure. */
export function explainDecision(
  policy: Policy,
  snapshot: GroupSnapshot,
  ruleId: string,
  input: EvaluationInput,
) {
  const evaluatedBy = (rules: Policy['rules']): EvaluatedRule => {
    const all = evaluateRules({ ...policy, rules }, snapshot, input);
    const evaluated = all.find((each) => each.ruleId === ruleId);
    if (!evaluated) throw new Error(`the group has no rule ${ruleId}`);
    return evaluated;
  };
  let decided = false;
  const steps = policy.rules.map((rule): Step => {
    if (decided) return { policyRule: rule.name, says: 'not-reached', why: '' };
    const { verdict, why } = evaluatedBy([rule]);
    decided = verdict !== 'allowed';
    return { policyRule: rule.name, says: decided ? 'decides' : 'misses', why };
  });
  return {
    steps,
    evaluated: evaluatedBy(policy.rules),
    /** The group was evaluated as if it had no other rules. */
    alone: snapshot.rules.length === 1,
    notKnown: notKnownOf(snapshot),
  };
}

/** What a rule of the policy does, in sentences. @throws if the policy has no rule of that name */
export function explainPolicyRule(policy: Policy, name: string, now: Date): string[] {
  const names = policy.rules.map((rule) => rule.name);
  const index = names.indexOf(name);
  const rule = policy.rules[index];
  if (!rule)
    throw new PortcullisError(
      'invalid-request',
      `the policy has no rule named ${name}; name ${or(names)}, or write a security group rule such as tcp/22/0.0.0.0/0`,
    );
  const { severity, message, match, scope } = rule;
  const earlier = index > 0 ? `Rules before it: ${and(names.slice(0, index))}` : 'No rule is before it';
  const opened = new Set([...trafficTexts(match), 'every protocol at once (-1)']);
  return [
    `${name} is rule ${index + 1} of ${names.length}${severity ? `, severity ${severity}` : ''}.`,
    ...(message ? [`"${message}"`] : []),
    'It matches an ingress rule that opens any of',
    ...[...opened].map((text) => `  ${text}`),
    `to ${sourcesText(match.sources)}.`,
    `It applies to ${scopeText(scope)}.`,
    ...actionLines(policy, rule),
    `${earlier}. The first rule that matches or is in doubt decides.`,
    ...exceptionLines(policy, rule, now),
  ];
}

function actionLines(policy: Policy, rule: PolicyRule): string[] {
  const mode = effectiveMode(policy, rule);
  const cap = mode === rule.mode ? '' : ` (its mode is ${rule.mode}; the policy's mode limits it)`;
  if (mode === 'observe') return [`A match is recorded and no one is notified${cap}.`];
  if (mode === 'notify') return [`A match is recorded and people are notified${cap}.`];
  const { times, withinMinutes, alwaysRevoke, leaveOpen } = escalationLimit(policy, rule);
  const next = alwaysRevoke
    ? 'closed again, and people are notified'
    : `escalated to people and ${leaveOpen ? 'left open' : 'closed again by the schedule within 6 minutes'}`;
  const narrowed =
    rule.narrowTo &&
    `It is narrowed to ${and(rule.narrowTo)}, as far as it allowed those ranges (needs PORTCULLIS_NARROWING=on).`;
  return [
    'A match is revoked and recorded, and people are notified.',
    ...(narrowed ? [narrowed] : []),
    `A rule that was closed ${times} times within ${withinMinutes} minutes and is opened again is ${next}.`,
  ];
}

function exceptionLines(policy: Policy, rule: PolicyRule, now: Date): string[] {
  const possible = (policy.exceptions ?? []).filter((exception) =>
    allowsOf(exception).some((allow) => overlaps(allow, rule)),
  );
  if (possible.length === 0) return ['No exception of the policy can allow a match.'];
  return [
    'Exceptions that can allow a match, if they allow everything that it opens:',
    ...possible.map((exception) => `  ${exceptionText(exception, now)}`),
  ];
}

function exceptionText(exception: PolicyException, now: Date): string {
  const { name, owner, ticket, why, where, expires } = exception;
  const allowed = allowsOf(exception).map(allowText).join('; or ');
  const ended = expires !== undefined && now.getTime() >= Date.parse(expires);
  const until = expires === undefined ? 'permanent' : `${ended ? 'expired' : 'until'} ${expires}`;
  return `${name}, ${until} (${owner}, ${ticket}: ${why}): ${allowed}, for ${scopeText(where)}`;
}

/** Whether both have a port and a source in common. Their scopes are not compared. */
function overlaps(allow: Allow, { match }: PolicyRule): boolean {
  const spans = spansOf(match);
  const meet = spansOf(allow).some((one) =>
    spans.some((other) => one.from <= other.to && other.from <= one.to),
  );
  const { sources } = match;
  if (!meet || !sources) return meet;
  const { cidrs, prefixLists, groupsOfOtherAccounts } = sources;
  const anyAddress = sources.public !== undefined || !(cidrs ?? prefixLists ?? groupsOfOtherAccounts);
  const named = merge(rangesOf(cidrs ?? []));
  const byAddress = rangesOf(allow.sources.cidrs ?? []).some(
    (range) => anyAddress || named.some((each) => overlap(each, range)),
  );
  const byList = allow.sources.prefixLists !== undefined && (anyAddress || Boolean(cidrs ?? prefixLists));
  const byGroup = allow.sources.groupsOfAccounts !== undefined && groupsOfOtherAccounts === true;
  return byAddress || byList || byGroup;
}
