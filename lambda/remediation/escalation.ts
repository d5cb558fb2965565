import { isCanaryRule } from '../contract/canary.ts';
import type { ResultFinding } from '../contract/result.ts';
import type { Escalation } from '../ledger/escalations.ts';
import { escalationLimit, type Policy } from '../policy/schema/policy.ts';
import type { Violation } from './evaluation.ts';

const minute = 60_000;
/**
 * How long escalated ingress is open before the schedule closes it. The schedule runs once a minute and takes seconds,
 * so it is open for less than 6 minutes.
 */
const openFor = 4.5 * minute;
/** Closings that people are told of one by one; of this many and one more they are told, and then of the escalation. */
const toldEach = 2;
/** People are notified once, and once more for each day that it goes on. */
const remindAfter = 24 * 60 * minute;

/** What is known of ingress that was closed before: how often, and what the ledger remembers of that. */
export interface Recurrence {
  times: number;
  known: Escalation | undefined;
}

/** What the look at a group depends on besides the group. */
export interface Occasion {
  eventId: string;
  /** When the call was made, as CloudTrail says it. */
  eventTime: string | null;
  /** The schedule asks for it. */
  scheduled: boolean;
  now: Date;
}

/** What is done about ingress that keeps coming back. */
export interface Decision {
  times: number;
  withinMinutes: number;
  /** It is not closed now. */
  escalated: boolean;
  /** When the schedule closes it; null where it is closed now, or left open as the policy rule says. */
  closesAt: Date | null;
  /** People were notified of it. */
  announced: boolean;
  /** What the ledger is to remember; undefined where people are told of each closing. */
  remember: Escalation | undefined;
}

/**
 * Whether ingress that the policy says to revoke is closed now, or escalated: by the limit of its rule, and for as
 * long as it keeps coming back. The schedule closes what events leave open. Pure.
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
  if (!counts || !(overLimit || times >= toldEach)) {
    const nothing = { escalated: false, closesAt: null, announced: false, remember: undefined };
    return { times, withinMinutes, ...nothing };
  }
  const escalated = overLimit && (leaveOpen || !scheduled);
  const before = goesOn && known.escalated === overLimit ? known : undefined;
  const { announcedAt = null, announcedBy = null, closesAt: due = 0 } = before ?? {};
  const told = announcedAt !== null && announcedBy !== eventId;
  const closesAt = due > at ? due : openedAt(eventTime, now) + (leaveOpen ? 0 : openFor);
  return {
    times,
    withinMinutes,
    escalated,
    closesAt: escalated && !leaveOpen ? new Date(closesAt) : null,
    announced: told && (scheduled || at - announcedAt < remindAfter),
    remember: { escalated: overLimit, seenAt: at, closesAt, announcedAt, announcedBy },
  };
}

/** A call is not later than its event; one from long ago asks for the next run of the schedule. */
function openedAt(eventTime: string | null, now: Date): number {
  const called = Date.parse(eventTime ?? '');
  if (Number.isNaN(called)) return now.getTime();
  return Math.min(now.getTime(), Math.max(called, now.getTime() - openFor));
}

/** Whether people know all that a result would tell them: of each finding, or that it was there before the event. */
export function isRepeated(
  findings: readonly ResultFinding[],
  decisions: ReadonlyMap<string, Decision>,
  named: readonly string[],
): boolean {
  const announced = ({ ruleId }: ResultFinding) => decisions.get(ruleId)?.announced === true;
  const untold = ({ ruleId, action }: ResultFinding) =>
    named.includes(ruleId) || ['revoked', 'narrowed', 'escalated', 'failed'].includes(action);
  return findings.some(announced) && findings.every((finding) => announced(finding) || !untold(finding));
}
