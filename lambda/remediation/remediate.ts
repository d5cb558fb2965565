import type { Clock } from '../aws/clock.ts';
import type { Member } from '../aws/cloud.ts';
import { describeError } from '../aws/errors.ts';
import type { Log } from '../aws/log.ts';
import { ownerOf } from '../contract/owner.ts';
import type { Task } from '../event/task.ts';
import { readEscalation, writeEscalation } from '../ledger/escalations.ts';
import type { History, Intent } from '../ledger/history.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { scheduleRecheck } from '../ledger/recheck.ts';
import { placeOf } from '../ledger/shards.ts';
import { exceptionTagOf } from '../ledger/tag-history.ts';
import { escalationLimit, type Mode, modes } from '../policy/schema/policy.ts';
import { type ApplyResult, apply } from './apply.ts';
import { canaryOf, withCanary } from './canary.ts';
import { type Decision, decide, isRepeated } from './escalation.ts';
import { evaluateGroup, type GroupEvaluation, type PolicyContext, type Violation } from './evaluation.ts';
import { outcomeOf } from './outcome.ts';
import { type Remediation, untouched } from './remediation.ts';
import { keepInspecting, lookOf } from './watch.ts';

export interface RemediationContext {
  policyContext: PolicyContext;
  ledger: Ledger;
  history: History;
  clock: Clock;
  log: Log;
}

/** Reads the ledger. When it does not answer, continues with `otherwise` and keeps the first failure. */
function lenient(log: Log, groupId: string) {
  let failure: unknown;
  return {
    async ask<Known>(work: Promise<Known>, otherwise: Known): Promise<Known> {
      try {
        return await work;
      } catch (error) {
        failure ??= error;
        log('ledger-failed', { groupId, error: describeError(error) });
        return otherwise;
      }
    },
    failure: () => failure,
  };
}

type Lenient = ReturnType<typeof lenient>;

/**
 * Evaluates a group as it is now and revokes, narrows, notifies or records, by the modes of the rules. Idempotent: a
 * retry reports what an earlier attempt revoked. A ledger that does not answer stops no revoke and fails the invocation
 * afterwards. @throws the error of a failed call, and then nothing has been revoked.
 */
export async function remediate(
  context: RemediationContext,
  member: Member,
  task: Task,
): Promise<Remediation> {
  const { policyContext, ledger, history, clock, log } = context;
  const { account, groupId } = task;
  const memory = lenient(log, groupId);
  const [read, earlier] = await Promise.all([
    evaluateGroup(member, policyContext, task, clock, () =>
      memory.ask(history.closedRules(task), new Set<string>()),
    ),
    memory.ask(history.intended(task), undefined),
  ]);
  const canary = await memory.ask(canaryOf(ledger, placeOf(task), read.group, clock.now()), undefined);
  const evaluation = canary === undefined ? read : withCanary(read, clock.now());
  const { group, rules, violations, undecided, excepted } = evaluation;
  if (group.owner !== undefined && group.owner !== account) {
    const reason = `account ${group.owner} owns the group, and its own events cover it`;
    return untouched('ignored', reason, account, groupId);
  }
  const offending = violations.map(({ rule }) => rule.id);
  const { disagreements } = evaluation;
  log('evaluated', { account, groupId, rules: rules.length, violations: offending, undecided, excepted });
  if (disagreements.length > 0) log('read-disagrees', { account, groupId, disagreements });
  const { decisions, ...closed } = await applyWithHistory(context, memory, member, task, evaluation);
  const applied = withEarlierFindings(closed, evaluation, earlier);
  await memory.ask(keepInspecting(ledger, task, evaluation, clock.now()), undefined);
  const tag = await memory.ask(exceptionTagOf(ledger, policyContext.policy, group, task, clock.now()), null);
  const conclusion = outcomeOf(task, evaluation, applied);
  const isNotified = ['escalated', 'remediated'].includes(conclusion.outcome);
  return {
    ...{ account, groupId, groupName: group.name, vpcId: group.vpcId },
    owner: ownerOf(policyContext.policy, group),
    ...conclusion,
    ...(isNotified && isRepeated(applied.findings, undecided, decisions, task) && { repeated: true }),
    ...(disagreements.length > 0 && { disagreements }),
    ...(evaluation.watched && { look: lookOf(conclusion.outcome, applied.findings, undecided) }),
    mode: strongest(violations, applied),
    findings: applied.findings,
    excepted,
    exceptionTag: tag,
    undecided,
    ...(canary !== undefined && { canary }),
    revokedAt: applied.revocation.revokedAt ?? (earlier?.at || null),
    failure: applied.failure ?? memory.failure(),
  };
}

/** Closes ingress by its history of closings, and records this closing. */
async function applyWithHistory(
  context: RemediationContext,
  memory: Lenient,
  member: Member,
  task: Task,
  evaluation: GroupEvaluation,
): Promise<ApplyResult & { decisions: ReadonlyMap<string, Decision> }> {
  const { history, clock, log } = context;
  const wanted = evaluation.violations.filter(({ mode }) => mode === 'revoke');
  const decisions = await decideAll(context, memory, task, wanted);
  const intend = (intent: Intent) => memory.ask(history.intend(task, intent), undefined);
  const applied = await apply({ member, clock, log, intend }, task, evaluation, decisions);
  const closed = wanted.map(({ rule }) => rule).filter(({ id }) => applied.revocation.revoked.includes(id));
  await memory.ask(history.closed(task, closed, clock.now()), undefined);
  await memory.ask(rememberAll(context, task, wanted, decisions), undefined);
  return { ...applied, decisions };
}

/** The decision for each rule to revoke, by how often its ingress came back. */
async function decideAll(
  { policyContext, ledger, history, clock }: RemediationContext,
  memory: Lenient,
  task: Task,
  wanted: readonly Violation[],
): Promise<Map<string, Decision>> {
  if (wanted.length === 0) return new Map();
  const now = clock.now();
  const windows = wanted.map(({ rule, policyRule }) => {
    const { withinMinutes } = escalationLimit(policyContext.policy, policyRule);
    return { rule, since: new Date(now.getTime() - withinMinutes * 60_000) };
  });
  const none: ReadonlyMap<string, number> = new Map();
  const closings = await memory.ask(history.closedSince(task, windows), none);
  const { eventId, eventTime } = task.call;
  const occasion = { eventId, eventTime, scheduled: task.scheduled, now };
  const decided = wanted.map(async (violation): Promise<[string, Decision]> => {
    const { rule } = violation;
    const times = closings.get(rule.id) ?? 0;
    const known =
      times > 0 ? await memory.ask(readEscalation(ledger, placeOf(task), rule), undefined) : undefined;
    return [rule.id, decide(policyContext.policy, violation, { times, known }, occasion)];
  });
  return new Map(await Promise.all(decided));
}

/** Schedules an inspection for when ingress that is open now must be closed. */
async function rememberAll(
  { policyContext, ledger, clock }: RemediationContext,
  task: Task,
  wanted: readonly Violation[],
  decisions: ReadonlyMap<string, Decision>,
): Promise<void> {
  for (const { rule, policyRule } of wanted) {
    const { escalated, closesAt, remember } = decisions.get(rule.id) ?? {};
    if (!remember) continue;
    const { withinMinutes } = escalationLimit(policyContext.policy, policyRule);
    const again = closesAt ?? new Date(remember.seenAt + withinMinutes * 60_000);
    if (escalated) await scheduleRecheck(ledger, [placeOf(task)], again, clock.now());
    await writeEscalation(ledger, placeOf(task), rule, remember);
  }
}

/** Adds what an earlier attempt revoked and did not report. */
function withEarlierFindings(
  applied: ApplyResult,
  { rules }: GroupEvaluation,
  earlier: Intent | undefined,
): ApplyResult {
  const deleted = (earlier?.findings ?? []).filter(({ ruleId }) => !rules.some(({ id }) => id === ruleId));
  return { ...applied, findings: [...deleted, ...applied.findings] };
}

function strongest(violations: readonly Violation[], { findings }: ApplyResult): Mode | null {
  if (findings.some(({ undo }) => undo !== null)) return 'revoke';
  return modes.findLast((mode) => violations.some((violation) => violation.mode === mode)) ?? null;
}
