import type { Clock } from '../aws/clock.ts';
import type { Member } from '../aws/cloud.ts';
import { ailmentOf, describeError } from '../aws/errors.ts';
import type { Log } from '../aws/log.ts';
import { ownerOf } from '../contract/owner.ts';
import type { Outcome, RemediationResult } from '../contract/result.ts';
import type { ApiCall } from '../event/read.ts';
import type { Task } from '../event/task.ts';
import type { History, Intent } from '../ledger/history.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { keepDue } from '../ledger/recheck.ts';
import { exceptionTagOf } from '../ledger/tag-history.ts';
import { escalationOf, type Mode, modes, type Policy } from '../policy/schema/policy.ts';
import { type Closing, close } from './apply.ts';
import { canaryOf, withCanary } from './canary.ts';
import { type Judgement, judge, type Law, type Violation } from './evaluation.ts';
import { conclude } from './outcome.ts';

/** What came of one group, and the error to end the invocation with once that is reported. */
export interface Remediation
  extends Pick<
    RemediationResult,
    | 'account'
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
    | 'canary'
  > {
  revokedAt: Date | null;
  failure: unknown;
  /** Where it is not the call of the event. */
  call?: ApiCall;
}

/** What all remediations have in common. */
export interface Office {
  law: Law;
  ledger: Ledger;
  history: History;
  clock: Clock;
  log: Log;
}

/** A remediation that touched nothing. */
export function untouched(
  outcome: Outcome,
  reason: string | null,
  account: string,
  groupId: string | null = null,
): Remediation {
  return {
    ...{ account, groupId, outcome, reason, failure: undefined },
    ...{ groupName: null, vpcId: null, owner: null, mode: null, exceptionTag: null, revokedAt: null },
    ...{ findings: [], excepted: [], undecided: [] },
  };
}

/** What an error before any act comes to. @throws the error itself where a retry can heal it. */
export function stopped(error: unknown, account: string, groupId: string | null): Remediation {
  const ailment = ailmentOf(error);
  if (ailment === 'heals') throw error;
  if (ailment === 'group-gone')
    return untouched('group-gone', 'the security group is gone', account, groupId);
  const outcome = ailment === 'access-denied' ? 'access-denied' : 'failed';
  return { ...untouched(outcome, describeError(error), account, groupId), failure: error };
}

/**
 * Judges a group as it is now and revokes, narrows, notifies or records as the rules' modes say. Idempotent: a retry
 * reports what an attempt before it took away. A ledger that does not answer stops no revoke and fails the invocation
 * afterwards. @throws what a retry can heal, and then nothing has been revoked.
 */
export async function remediate(office: Office, member: Member, task: Task): Promise<Remediation> {
  try {
    return await act(office, member, task);
  } catch (error) {
    return stopped(error, task.account, task.groupId);
  }
}

/** Asks the ledger; where it does not answer, goes on with `otherwise` and keeps the first failure. */
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

async function act(office: Office, member: Member, task: Task): Promise<Remediation> {
  const { law, ledger, history, clock, log } = office;
  const { account, groupId } = task;
  const memory = lenient(log, groupId);
  const [judged, earlier] = await Promise.all([
    judge(member, law, task, clock),
    memory.ask(history.intended(task), undefined),
  ]);
  const place = { account, region: task.call.region };
  const canary = await memory.ask(canaryOf(ledger, place, judged.group, clock.now()), undefined);
  const judgement = canary === undefined ? judged : withCanary(judged, clock.now());
  const { group, rules, violations, undecided, excepted } = judgement;
  if (group.owner !== undefined && group.owner !== account) {
    const reason = `the group is of account ${group.owner}, where it is judged`;
    return untouched('ignored', reason, account, groupId);
  }
  const offending = violations.map(({ rule }) => rule.id);
  log('judged', { account, groupId, rules: rules.length, violations: offending, undecided, excepted });
  const closing = withEarlier(await closeWith(office, memory, member, task, judgement), judgement, earlier);
  const tag = await memory.ask(exceptionTagOf(ledger, law.policy, group, task, clock.now()), null);
  return {
    ...{ account, groupId, groupName: group.name, vpcId: group.vpcId, owner: ownerOf(law.policy, group) },
    ...conclude(task, judgement, closing),
    mode: strongest(violations, closing),
    findings: closing.findings,
    excepted,
    exceptionTag: tag,
    undecided,
    ...(canary !== undefined && { canary }),
    revokedAt: closing.revocation.revokedAt ?? (earlier?.at || null),
    failure: closing.failure ?? memory.failure(),
  };
}

/** Closes, with what the ledger knows of earlier closings, and lets it know of this one. */
async function closeWith(
  { law, ledger, history, clock, log }: Office,
  memory: Lenient,
  member: Member,
  task: Task,
  judgement: Judgement,
): Promise<Closing> {
  const wanted = judgement.violations.filter(({ mode }) => mode === 'revoke').map(({ rule }) => rule);
  const since = new Date(clock.now().getTime() - escalationOf(law.policy).withinMinutes * 60_000);
  const none: ReadonlyMap<string, number> = new Map();
  const times = wanted.length > 0 ? await memory.ask(history.closedSince(task, wanted, since), none) : none;
  const intend = (intent: Intent) => memory.ask(history.intend(task, intent), undefined);
  const closing = await close({ member, policy: law.policy, clock, log, intend }, task, judgement, times);
  const closed = wanted.filter(({ id }) => closing.revocation.revoked.includes(id));
  await memory.ask(history.closed(task, closed, clock.now()), undefined);
  if (closing.findings.some(({ action }) => action === 'escalated'))
    await memory.ask(
      keepDue(ledger, [placeOf(task)], windowEnd(law.policy, clock.now()), clock.now()),
      undefined,
    );
  return closing;
}

function placeOf({ account, call, groupId }: Task) {
  return { account, region: call.region, groupId };
}

/** When a group that was left open as escalated is looked at again. */
function windowEnd(policy: Policy, now: Date): Date {
  return new Date(now.getTime() + escalationOf(policy).withinMinutes * 60_000);
}

/** With what an attempt before this one took away and did not live to report. */
function withEarlier(closing: Closing, { rules }: Judgement, earlier: Intent | undefined): Closing {
  const gone = (earlier?.findings ?? []).filter(({ ruleId }) => !rules.some(({ id }) => id === ruleId));
  return { ...closing, findings: [...gone, ...closing.findings] };
}

function strongest(violations: readonly Violation[], { findings }: Closing): Mode | null {
  if (findings.some(({ undo }) => undo !== null)) return 'revoke';
  return modes.findLast((mode) => violations.some((violation) => violation.mode === mode)) ?? null;
}
