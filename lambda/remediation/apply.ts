import type { Clock } from '../aws/clock.ts';
import type { Member } from '../aws/cloud.ts';
import { describeError, errorClassOf } from '../aws/errors.ts';
import type { Log } from '../aws/log.ts';
import type { Action, ResultFinding } from '../contract/result.ts';
import { undoOf } from '../contract/undo.ts';
import type { Task } from '../event/task.ts';
import type { Intent } from '../ledger/history.ts';
import { withinSource } from '../policy/narrow.ts';
import type { Decision } from './escalation.ts';
import type { GroupEvaluation, Violation } from './evaluation.ts';
import { authorizeRanges, type Narrowed } from './narrow.ts';
import { type Revocation, revokeRules } from './revoke.ts';

/** What happened to the violations of a group. */
export interface ApplyResult {
  findings: ResultFinding[];
  revocation: Revocation;
  /** The error of the revoke, or of the reading after it. */
  failure: unknown;
}

export interface ApplyContext {
  member: Member;
  clock: Clock;
  log: Log;
  /** Records what is about to be revoked, before the first call that changes anything. */
  intend: (intent: Intent) => Promise<void>;
}

/**
 * Narrows and revokes by rule id, as the policy says, and returns what happened to every violation. `decisions` has the
 * recurring ingress by rule id, which is escalated and not closed now. Idempotent. @throws what a retry can fix, and
 * then nothing has been revoked; and when the group is not found.
 */
export async function apply(
  context: ApplyContext,
  task: Task,
  evaluation: GroupEvaluation,
  decisions: ReadonlyMap<string, Decision>,
): Promise<ApplyResult> {
  const { clock, log } = context;
  const { violations } = evaluation;
  const escalated = new Set(
    violations.filter(({ rule }) => decisions.get(rule.id)?.escalated).map(({ rule }) => rule.id),
  );
  const wanted = violations.filter(({ mode, rule }) => mode === 'revoke' && !escalated.has(rule.id));
  const finding = (violation: Violation, action: Action) =>
    toFinding(violation, action, decisions.get(violation.rule.id));
  const nothing = { revoked: [], alreadyGone: [], stillThere: [], unverified: undefined, revokedAt: null };
  let revocation: Revocation = nothing;
  let failure: unknown;
  const narrowed = new Map<string, Narrowed>();
  if (wanted.length > 0) {
    const intended = wanted.map((violation) => finding(violation, 'revoked'));
    log('revoking', { account: task.account, groupId: task.groupId, findings: intended });
    await context.intend({ at: clock.now(), findings: intended });
    for (const violation of task.own ? [] : wanted) {
      const change = await narrow(context, evaluation, violation);
      if (change) narrowed.set(violation.rule.id, change);
    }
    const ids = wanted.map(({ rule }) => rule.id);
    ({ revocation, failure } = await revoke(context, task.groupId, ids, nothing));
  }
  const findings = violations.map((violation) => {
    const action = escalated.has(violation.rule.id)
      ? 'escalated'
      : actionOf(violation, revocation, narrowed.has(violation.rule.id));
    const reported = finding(violation, action);
    const error = action === 'failed' ? failure : revocation.unverified;
    const change = narrowed.get(violation.rule.id);
    return {
      ...reported,
      ...(change && { narrowed: change }),
      ...(error !== undefined && wanted.includes(violation) && { error: describeError(error) }),
    };
  });
  return { findings, revocation, failure };
}

async function narrow(
  { member, log }: ApplyContext,
  { rules, prefixLists }: GroupEvaluation,
  { rule, policyRule }: Violation,
): Promise<Narrowed | undefined> {
  if (!policyRule.narrowTo) return undefined;
  const ranges = withinSource(policyRule.narrowTo, rule.source, prefixLists);
  if (ranges.length === 0) return undefined;
  const narrowed = await authorizeRanges(member, rule, rules, ranges);
  log('narrowed', { ruleId: rule.id, ...narrowed });
  return narrowed;
}

async function revoke(
  { member, clock, log }: ApplyContext,
  groupId: string,
  ids: string[],
  nothing: Revocation,
): Promise<{ revocation: Revocation; failure: unknown }> {
  try {
    const revocation = await revokeRules(member, groupId, ids, clock);
    const { unverified, ...seen } = revocation;
    log('revoked', { groupId, ...seen, ...(unverified ? { unverified: describeError(unverified) } : {}) });
    const stuck = revocation.stillThere.length > 0 && new Error('rules are still listed after the revoke');
    return { revocation, failure: unverified ?? (stuck || undefined) };
  } catch (failure) {
    const errorClass = errorClassOf(failure);
    if (errorClass === 'retryable' || errorClass === 'group-gone') throw failure;
    return { revocation: nothing, failure };
  }
}

/** `would-revoke`: only the policy's cap prevents the revoke. */
function actionOf({ rule, mode, policyRule }: Violation, revocation: Revocation, narrowed: boolean): Action {
  if (mode !== 'revoke') {
    if (policyRule.mode === 'revoke') return 'would-revoke';
    return mode === 'notify' ? 'notified' : 'observed';
  }
  if (revocation.alreadyGone.includes(rule.id)) return 'already-gone';
  if (!revocation.revoked.includes(rule.id)) return 'failed';
  return narrowed ? 'narrowed' : 'revoked';
}

const removing: readonly Action[] = ['revoked', 'narrowed', 'failed'];

function toFinding(
  { rule, policyRule, why }: Violation,
  action: Action,
  decision: Decision | undefined,
): ResultFinding {
  const { times = 0, withinMinutes = 0, closesAt = null } = decision ?? {};
  const now = times + (action === 'revoked' || action === 'narrowed' ? 1 : 0);
  const until = closesAt && { closesAt: closesAt.toISOString() };
  return {
    ruleId: rule.id,
    protocol: rule.protocol,
    fromPort: rule.fromPort,
    toPort: rule.toPort,
    source: rule.source.text,
    policyRule: policyRule.name,
    severity: policyRule.severity ?? null,
    message: policyRule.message ?? null,
    why,
    action,
    undo: removing.includes(action) ? undoOf(rule) : null,
    ...(times > 0 && { recurrence: { times: now, withinMinutes, ...until } }),
  };
}
