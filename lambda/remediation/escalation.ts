import { isCanaryRule } from '../contract/canary.ts';
import type { RemediationResult, ResultFinding } from '../contract/result.ts';
import type { Task } from '../event/task.ts';
import type { Escalation } from '../ledger/escalations.ts';
import { escalationLimit, type Policy } from '../policy/schema/policy.ts';
import type { Violation } from './evaluation.ts';

const minute = 60_000;
/**
 * How long escalated ingress stays open. The schedule runs once a minute and takes seconds, so it is open for less than
 * 6 minutes.
 */
const openFor = 4.5 * minute;
/** How many closings people are notified of one by one; then of the escalation. */
const notifiedEach = 2;
/** People are notified again after each day that it continues. */
const remindAfter = 24 * 60 * minute;

/** How often ingress was closed before, and the ledger's record of it. */
export interface Recurrence {
  times: number;
  known: Escalation | undefined;
}

export interface Occasion {
  eventId: string;
  /** When the call was made, according to CloudTrail. */
  eventTime: string | null;
  /** The schedule requested the inspection. */
  scheduled: boolean;
  now: Date;
}

export interface Decision {
  times: number;
  withinMinutes: number;
  /** It is not closed now. */
  escalated: boolean;
  /** When the schedule closes it; null when it is closed now, or the policy rule leaves it open. */
  closesAt: Date | null;
  /** People know of it, so that this closing needs no message. */
  announced: boolean;
  /** What to record in the ledger; undefined while people are notified of each closing. */
  remember: Escalation | undefined;
}

/**
 * Whether ingress that the policy revokes is closed now or escalated: by the limit of its rule, and for as long as it
 * recurs. The schedule closes what events leave open. Pure.
 */
export function decide(
  policy: Policy,
  { mode, policyRule }: Violation,
  { times, known }: Recurrence,
  { eventId, eventTime, scheduled, now }: Occasion,
): Decision {
  const limit = escalationLimit(policy, policyRule);
  const { withinMinutes, leaveOpen } = limit;
  const at = now.getTime();
  const goesOn = known !== undefined && at - known.seenAt < withinMinutes * minute;
  const overLimit = times >= limit.times || (goesOn && known.escalated && !leaveOpen);
  const counts = mode === 'revoke' && !limit.alwaysRevoke && !isCanaryRule(policyRule);
  if (!counts || !(overLimit || times >= notifiedEach)) {
    const nothing = { escalated: false, closesAt: null, announced: false, remember: undefined };
    return { times, withinMinutes, ...nothing };
  }
  const escalated = overLimit && (leaveOpen || !scheduled);
  const before = goesOn && known.escalated === overLimit ? known : undefined;
  const { announcedAt = null, announcedBy = null, closesAt: planned = 0 } = before ?? {};
  const notified = announcedAt !== null && announcedBy !== eventId;
  const closesAt = planned > at ? planned : openedAt(eventTime, now) + (leaveOpen ? 0 : openFor);
  return {
    times,
    withinMinutes,
    escalated,
    closesAt: escalated && !leaveOpen ? new Date(closesAt) : null,
    announced: notified && ((scheduled && overLimit) || at - announcedAt < remindAfter),
    remember: { escalated: overLimit, seenAt: at, closesAt, announcedAt, announcedBy },
  };
}

/** A call is never later than its event. An old call waits for the next run of the schedule. */
function openedAt(eventTime: string | null, now: Date): number {
  const called = Date.parse(eventTime ?? '');
  if (Number.isNaN(called)) return now.getTime();
  return Math.min(now.getTime(), Math.max(called, now.getTime() - openFor));
}

/**
 * Whether people already know everything in the result: each finding was reported, or was there before the event, and
 * nothing failed. A rule that the event may have opened and that is undecided is news.
 */
export function isRepeated(
  findings: readonly ResultFinding[],
  undecided: RemediationResult['undecided'],
  decisions: ReadonlyMap<string, Decision>,
  { ruleIds, scheduled }: Pick<Task, 'ruleIds' | 'scheduled'>,
): boolean {
  const mayBeNew = ruleIds.length === 0 && !scheduled;
  if (undecided.some(({ ruleId }) => mayBeNew || ruleIds.includes(ruleId))) return false;
  const announced = ({ ruleId, error, narrowed }: ResultFinding) =>
    decisions.get(ruleId)?.announced === true && error === undefined && narrowed?.error === undefined;
  const isNews = ({ ruleId, action }: ResultFinding) =>
    ruleIds.includes(ruleId) || ['revoked', 'narrowed', 'escalated', 'failed'].includes(action);
  return findings.some(announced) && findings.every((finding) => announced(finding) || !isNews(finding));
}
