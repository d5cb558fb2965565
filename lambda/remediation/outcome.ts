import { describeError, errorClassOf } from '../aws/errors.ts';
import type { Action, Outcome } from '../contract/result.ts';
import type { Task } from '../event/task.ts';
import { formatException } from '../policy/exceptions.ts';
import type { ApplyResult } from './apply.ts';
import type { GroupEvaluation } from './evaluation.ts';

export interface GroupOutcome {
  outcome: Outcome;
  /** The reason, when the findings do not state it. */
  reason: string | null;
}

/** The one outcome of a group: failures first, then acts, then what was only reported. */
export function outcomeOf(task: Task, evaluation: GroupEvaluation, applied: ApplyResult): GroupOutcome {
  const { findings, revocation, failure } = applied;
  const has = (...actions: Action[]) => findings.some(({ action }) => actions.includes(action));
  if (has('failed')) {
    const outcome = errorClassOf(failure) === 'access-denied' ? 'access-denied' : 'failed';
    return { outcome, reason: describeError(failure) };
  }
  if (has('escalated')) return { outcome: 'escalated', reason: escalationReason(task, applied) };
  if (has('revoked', 'narrowed')) {
    const { unverified } = revocation;
    if (unverified === undefined) return { outcome: 'remediated', reason: null };
    const doubt = `revoked, but reading the group afterwards failed: ${describeError(unverified)}`;
    return { outcome: 'remediated', reason: doubt };
  }
  return outcomeWithoutRevoke(task, evaluation, applied);
}

function outcomeWithoutRevoke(
  { ruleIds, own, call }: Task,
  evaluation: GroupEvaluation,
  { findings }: ApplyResult,
): GroupOutcome {
  const { violations, undecided, excepted, rules } = evaluation;
  const modes = violations.map(({ mode }) => mode);
  if (modes.includes('notify')) return { outcome: 'notified', reason: null };
  if (modes.includes('observe')) return { outcome: 'observed', reason: null };
  if (undecided.length > 0)
    return { outcome: 'undecided', reason: `${undecided.length} of its rules could not be evaluated` };
  const namedGone = ruleIds.length > 0 && !rules.some((rule) => ruleIds.includes(rule.id));
  if (namedGone || findings.length > 0)
    return { outcome: 'rule-gone', reason: 'the rule was deleted before it could be revoked' };
  if (excepted.length > 0) return { outcome: 'excepted', reason: exceptionsOf(evaluation) };
  if (own)
    return {
      outcome: 'ignored',
      reason: `${call.actor.principal} is the remediation role and left nothing open`,
    };
  return { outcome: 'clean', reason: null };
}

function exceptionsOf({ excepted }: GroupEvaluation): string {
  const lines = excepted.map(
    ({ ruleId, exceptions }) => `${ruleId} is excepted by ${exceptions.map(formatException).join(', ')}`,
  );
  return lines.join('; ').slice(0, 1_000);
}

function escalationReason({ call: { actor } }: Task, { findings }: ApplyResult): string {
  const escalated = findings.filter(({ action }) => action === 'escalated');
  const { recurrence } = escalated[0] ?? {};
  const by = `${actor.principal ?? 'an unknown principal'} with ${actor.tool ?? 'an unknown tool'}`;
  const often = `${recurrence?.times} times within ${recurrence?.withinMinutes} minutes`;
  const next = escalated.every((finding) => finding.recurrence?.closesAt === undefined)
    ? 'it is left open, as the policy rule says (leaveOpen)'
    : 'the schedule closes it within 6 minutes, each time that it recurs';
  return `closed ${often} and opened again by ${by}; ${next}`;
}
