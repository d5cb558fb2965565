import { contains, merge, overlap } from './addresses/set.ts';
import { allowsOf } from './schema/exception.ts';
import type { Allow } from './schema/match.ts';
import type { Policy, PolicyException } from './schema/policy.ts';
import { matchScope } from './scope.ts';
import type { SecurityGroup, SecurityGroupRule, Situation, Source } from './security-group.ts';
import { rangesOf } from './source.ts';
import { type Span, spanHolds, spansOf, stretches } from './traffic.ts';

/** Whether exceptions allow everything that a rule opens, and which ones; `unknown` when a fact is missing. */
export type Coverage =
  | { match: 'yes'; exceptions: PolicyException[] }
  | { match: 'no' }
  | { match: 'unknown'; why: string };

/** An exception as text, such as `partner (until 2027-01-31T00:00:00Z)`. */
export const formatException = ({ name, expires }: { name: string; expires: string | null }): string =>
  `${name} (${expires ? `until ${expires}` : 'permanent'})`;

export type Cover = (listed: SecurityGroupRule['source'], source: Source, opened: Span) => Coverage;

/**
 * What the exceptions of a policy allow in a group at a moment. Several may cover a rule together: every port of it,
 * for every address. An exception ends at the exact instant of `expires`.
 */
export function createCover(policy: Policy, group: SecurityGroup, situation: Situation): Cover {
  const certain: PolicyException[] = [];
  const doubts: string[] = [];
  const possible: PolicyException[] = [];
  for (const exception of policy.exceptions ?? []) {
    const { match, why } = applies(exception, group, situation);
    if (match === 'yes') certain.push(exception);
    if (match !== 'no') possible.push(exception);
    if (match === 'unknown') doubts.push(`whether exception ${exception.name} counts is not known: ${why}`);
  }
  return (listed, source, opened) => {
    const used = covering(certain, listed, source, opened);
    if (used) return { match: 'yes', exceptions: used };
    const maybe = doubts.length > 0 && covering(possible, listed, source, opened);
    return maybe ? { match: 'unknown', why: doubts.join('; ') } : { match: 'no' };
  };
}

function applies(exception: PolicyException, group: SecurityGroup, situation: Situation) {
  const place = matchScope(exception.where, group, situation);
  if (place.match === 'no' || exception.expires === undefined) return place;
  if (!situation.now)
    return { match: 'unknown' as const, why: 'there is no clock to tell if it has expired' };
  if (situation.now.getTime() >= Date.parse(exception.expires))
    return { match: 'no' as const, why: 'expired' };
  return place;
}

/** The exceptions that take part in covering the whole rule; undefined when some of it is not covered. */
function covering(
  exceptions: readonly PolicyException[],
  listed: SecurityGroupRule['source'],
  source: Source,
  opened: Span,
): PolicyException[] | undefined {
  const used = new Set<PolicyException>();
  const permits = exceptions.flatMap((exception) =>
    allowsOf(exception).map((allow) => ({ exception, allow })),
  );
  const spans = permits.flatMap(({ allow }) => spansOf(allow));
  for (const stretch of stretches(opened, spans)) {
    const open = permits.filter(({ allow }) => spansOf(allow).some((span) => spanHolds(span, stretch)));
    const chosen = permitting(open, listed, source);
    if (!chosen) return undefined;
    for (const { exception } of chosen) used.add(exception);
  }
  return [...used];
}

const none: readonly string[] = [];

interface Permit {
  readonly exception: PolicyException;
  readonly allow: Allow;
}

function permitting(
  permits: readonly Permit[],
  { kind, text }: SecurityGroupRule['source'],
  source: Source,
): Permit[] | undefined {
  const whole = permits.find(({ allow: { sources } }) => {
    if (kind === 'prefix-list') return sources.prefixLists?.includes(text);
    return (
      source.kind === 'group' && source.account !== null && sources.groupsOfAccounts?.includes(source.account)
    );
  });
  if (whole) return [whole];
  if (source.kind !== 'addresses' || source.ranges.length === 0) return undefined;
  const ranges = ({ allow }: Permit) => rangesOf(allow.sources.cidrs ?? none);
  const set = merge(permits.flatMap(ranges));
  if (!source.ranges.every((range) => contains(set, range))) return undefined;
  return permits.filter((permit) =>
    ranges(permit).some((range) => source.ranges.some((each) => overlap(each, range))),
  );
}
