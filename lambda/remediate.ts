import { ailmentOf, describeError } from './ailment.ts';
import type { Member } from './cloud.ts';
import { evaluate, type Verdict } from './evaluate.ts';
import { type Mode, modes, type Policy } from './grammar.ts';
import { readGroup } from './group.ts';
import type { Log } from './log.ts';
import { resolvePrefixLists } from './prefix-list.ts';
import type { Action, Outcome, RemediationResult, ResultFinding } from './result.ts';
import { type Clock, type Revocation, revokeRules } from './revoke.ts';
import type { Situation } from './security-group.ts';

/** What came of one group, and the error to end the invocation with once that is reported. */
export interface Remediation
  extends Pick<
    RemediationResult,
    | 'groupId'
    | 'groupName'
    | 'vpcId'
    | 'owner'
    | 'outcome'
    | 'reason'
    | 'mode'
    | 'findings'
    | 'excepted'
    | 'exceptionTag'
    | 'undecided'
  > {
  revokedAt: Date | null;
  failure: unknown;
}

/** A group to look at, the rules of it that the event named, and what is known of its place. */
export interface Target {
  groupId: string;
  ruleIds: string[];
  situation: Situation;
}

type Violation = Extract<Verdict, { verdict: 'violation' }>;

/** A remediation that touched nothing. */
export function untouched(
  outcome: Outcome,
  reason: string | null,
  groupId: string | null = null,
): Remediation {
  const nothing = {
    ...{ groupName: null, vpcId: null, owner: null, mode: null, exceptionTag: null, revokedAt: null },
    ...{ findings: [], excepted: [], undecided: [] },
  };
  return { groupId, outcome, reason, failure: undefined, ...nothing };
}

/** What an error before any act comes to. @throws the error itself where a retry can heal it. */
export function stopped(error: unknown, groupId: string | null): Remediation {
  const ailment = ailmentOf(error);
  if (ailment === 'heals') throw error;
  if (ailment === 'group-gone') return untouched('group-gone', 'the security group is gone', groupId);
  const outcome = ailment === 'access-denied' ? 'access-denied' : 'failed';
  return { ...untouched(outcome, describeError(error), groupId), failure: error };
}

/**
 * Judges a group as it is now and revokes, notifies or records as the rules' modes say. Idempotent. @throws what a retry can heal, and then nothing has been revoked.
 */
export async function remediate(
  member: Member,
  policy: Policy,
  target: Target,
  clock: Clock,
  log: Log,
): Promise<Remediation> {
  try {
    return await act(member, policy, target, clock, log);
  } catch (error) {
    return stopped(error, target.groupId);
  }
}

async function act(
  member: Member,
  policy: Policy,
  { groupId, ruleIds, situation }: Target,
  clock: Clock,
  log: Log,
): Promise<Remediation> {
  const { group, rules } = await readSettled(member, groupId, ruleIds, clock);
  const prefixLists = await resolvePrefixLists(member, rules, clock);
  const verdicts = evaluate(policy, group, rules, { ...situation, prefixLists, now: clock.now() });
  const violations = verdicts.filter((verdict) => verdict.verdict === 'violation');
  const undecided = verdicts.flatMap((verdict) =>
    verdict.verdict === 'undecided' ? [{ ruleId: verdict.rule.id, reason: verdict.reason }] : [],
  );
  const excepted = verdicts.flatMap((verdict) =>
    verdict.verdict === 'excepted' ? [`${verdict.rule.id} is ${verdict.why}`] : [],
  );
  log('judged', {
    groupId,
    rules: rules.length,
    violations: violations.map(({ rule }) => rule.id),
    undecided,
    ...(excepted.length > 0 ? { excepted } : {}),
  });
  const revocation = await revokeAll(member, groupId, violations, clock, log);
  const findings = violations.map((violation) => toFinding(violation, revocation));
  const namedGone = ruleIds.length > 0 && !rules.some((rule) => ruleIds.includes(rule.id));
  const lesser = strongest(violations.filter(({ mode }) => mode !== 'revoke'));
  const conclusion = conclude(findings, undecided, { revocation, lesser, namedGone, excepted });
  return {
    groupId,
    groupName: group.name,
    vpcId: group.vpcId,
    ...conclusion,
    owner: null,
    mode: strongest(violations),
    findings,
    excepted: [],
    exceptionTag: null,
    undecided,
    revokedAt: revocation.revokedAt,
    failure: revocation.failure,
  };
}

/** A rule that the event named can be missing from a listing for a moment after its creation: then look twice. */
async function readSettled(member: Member, groupId: string, ruleIds: string[], clock: Clock) {
  const first = await readGroup(member, groupId);
  if (ruleIds.every((id) => first.rules.some((rule) => rule.id === id))) return first;
  await clock.sleep(1_000);
  return readGroup(member, groupId);
}

interface Revoked extends Revocation {
  failure: unknown;
}

async function revokeAll(
  member: Member,
  groupId: string,
  violations: Violation[],
  clock: Clock,
  log: Log,
): Promise<Revoked> {
  const ids = violations.filter(({ mode }) => mode === 'revoke').map(({ rule }) => rule.id);
  const none = { revoked: [], alreadyGone: [], stillThere: [], unverified: undefined, revokedAt: null };
  if (ids.length === 0) return { ...none, failure: undefined };
  log('revoking', { groupId, ruleIds: ids });
  try {
    const revocation = await revokeRules(member, groupId, ids, clock);
    const { unverified, ...seen } = revocation;
    log('revoked', { groupId, ...seen, ...(unverified ? { unverified: describeError(unverified) } : {}) });
    const stuck = revocation.stillThere.length > 0 && new Error('rules are still listed after the revoke');
    return { ...revocation, failure: unverified ?? (stuck || undefined) };
  } catch (failure) {
    const ailment = ailmentOf(failure);
    if (ailment === 'heals' || ailment === 'group-gone') throw failure;
    return { ...none, failure };
  }
}

function toFinding({ rule, policyRule, mode, why }: Violation, revocation: Revoked): ResultFinding {
  const finding = {
    ruleId: rule.id,
    protocol: rule.protocol,
    fromPort: rule.fromPort,
    toPort: rule.toPort,
    source: rule.source.text,
    policyRule: policyRule.name,
    severity: policyRule.severity ?? null,
    message: policyRule.message ?? null,
    undo: null,
    why,
  };
  if (mode !== 'revoke') return { ...finding, action: lesserAction(mode, policyRule.mode) };
  if (revocation.alreadyGone.includes(rule.id)) return { ...finding, action: 'already-gone' };
  const revoked = revocation.revoked.includes(rule.id);
  const cause = revoked ? revocation.unverified : revocation.failure;
  const error = cause === undefined ? {} : { error: describeError(cause) };
  return { ...finding, action: revoked ? 'revoked' : 'failed', ...error };
}

/** `would-revoke` is a rule that the policy's cap alone holds back. */
function lesserAction(mode: 'observe' | 'notify', ruleMode: Violation['mode']): Action {
  if (ruleMode === 'revoke') return 'would-revoke';
  return mode === 'notify' ? 'notified' : 'observed';
}

interface Circumstances {
  revocation: Revoked;
  lesser: Mode | null;
  namedGone: boolean;
  excepted: string[];
}

/** The one outcome of a group: what went wrong first, then what was done, then what was only said. */
function conclude(
  findings: ResultFinding[],
  undecided: Remediation['undecided'],
  { revocation, lesser, namedGone, excepted }: Circumstances,
): { outcome: Outcome; reason: string | null } {
  const { failure, unverified } = revocation;
  if (findings.some(({ action }) => action === 'failed')) {
    return {
      outcome: ailmentOf(failure) === 'access-denied' ? 'access-denied' : 'failed',
      reason: describeError(failure),
    };
  }
  if (revocation.revoked.length > 0) {
    const doubt =
      unverified === undefined
        ? null
        : `revoked, but the look afterwards failed: ${describeError(unverified)}`;
    return { outcome: 'remediated', reason: doubt };
  }
  if (lesser) return { outcome: lesser === 'notify' ? 'notified' : 'observed', reason: null };
  if (undecided.length > 0)
    return { outcome: 'undecided', reason: `${undecided.length} of its rules could not be judged` };
  if (namedGone || findings.length > 0)
    return { outcome: 'rule-gone', reason: 'the rule was gone before it could be revoked' };
  return { outcome: 'clean', reason: excepted.join('; ').slice(0, 1_000) || null };
}

function strongest(violations: Violation[]): Mode | null {
  return modes.findLast((mode) => violations.some((violation) => violation.mode === mode)) ?? null;
}
