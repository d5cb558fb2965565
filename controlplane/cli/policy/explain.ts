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
import { allowText, either, scopeText, sourcesText, trafficTexts } from './sentences.ts';

/** What a rule of the policy says, sentence by sentence. @throws where the policy has no rule of that name. */
export function explainRule(policy: Policy, name: string, now: Date): string[] {
  const index = policy.rules.findIndex((rule) => rule.name === name);
  const rule = policy.rules[index];
  if (!rule) throw unknownRule(policy, name);
  const { severity, message, match, scope } = rule;
  const earlier = policy.rules.slice(0, index).map((each) => each.name);
  const opened = [...new Set([...trafficTexts(match), 'every protocol at once (-1)'])];
  return [
    `${name} is rule ${index + 1} of ${policy.rules.length}${severity ? `, severity ${severity}` : ''}.`,
    ...(message ? [`"${message}"`] : []),
    'It matches an ingress rule that opens any of',
    ...opened.map((text) => `  ${text}`),
    `to ${sourcesText(match.sources)}.`,
    `It counts for ${scopeText(scope)}.`,
    ...actText(policy, rule),
    earlier.length > 0
      ? `Rules before it: ${either(earlier, 'and')}. The first rule that matches or is in doubt decides.`
      : 'No rule is before it. The first rule that matches or is in doubt decides.',
    ...exceptionLines(policy, rule, now),
  ];
}

function unknownRule({ rules }: Policy, name: string): PortcullisError {
  const known = either(rules.map((rule) => rule.name));
  return new PortcullisError(
    'invalid-request',
    `the policy has no rule named ${name}; name ${known}, or write a security group rule such as tcp/22/0.0.0.0/0`,
  );
}

function actText(policy: Policy, rule: PolicyRule): string[] {
  const mode = effectiveMode(policy, rule);
  const cap = mode === rule.mode ? '' : ` (its mode is ${rule.mode}; the policy's mode caps it)`;
  if (mode === 'observe') return [`A match is recorded and no one is notified${cap}.`];
  if (mode === 'notify') return [`A match is recorded and people are notified${cap}.`];
  const { times, withinMinutes, alwaysRevoke, leaveOpen } = escalationLimit(policy, rule);
  const left = leaveOpen
    ? 'left open and escalated to people'
    : alwaysRevoke
      ? 'closed again, and people are notified'
      : 'escalated to people and closed again by the schedule within 6 minutes';
  return [
    'A match is revoked and recorded, and people are notified.',
    ...(rule.narrowTo
      ? [
          `Before that it would narrow to ${either(rule.narrowTo, 'and')}, as far as the rule allowed those ranges (needs PORTCULLIS_NARROWING=on).`,
        ]
      : []),
    `A rule that was closed ${times} times within ${withinMinutes} minutes and is opened again is ${left}.`,
  ];
}

function exceptionLines(policy: Policy, rule: PolicyRule, now: Date): string[] {
  const could = (policy.exceptions ?? []).filter((exception) => couldExcept(exception, rule));
  if (could.length === 0) return ['No exception of the policy could let a match through.'];
  return [
    'Exceptions that could let a match through, where they allow all that it opens:',
    ...could.map((exception) => `  ${exceptionText(exception, now)}`),
  ];
}

function exceptionText(
  { name, owner, ticket, why, allow, where, expires }: PolicyException,
  now: Date,
): string {
  const allowed = allowsOf({ allow }).map(allowText).join('; or ');
  const gone = expires !== undefined && now.getTime() >= Date.parse(expires);
  const until = expires === undefined ? 'permanent' : `${gone ? 'expired' : 'until'} ${expires}`;
  return `${name}, ${until} (${owner}, ${ticket}: ${why}): ${allowed}, for ${scopeText(where)}`;
}

/** Whether both are about a port and a source in common; where they count is not compared. */
function couldExcept(exception: PolicyException, rule: PolicyRule): boolean {
  return allowsOf(exception).some((allow) => meets(allow, rule));
}

function meets(allow: Allow, { match }: PolicyRule): boolean {
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
