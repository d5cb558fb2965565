import { ailmentOf, describeError } from './ailment.ts';
import { type Closing, close } from './closing.ts';
import type { Member } from './cloud.ts';
import { conclude } from './conclusion.ts';
import { escalationOf, type Mode, modes } from './grammar.ts';
import type { History, Intent } from './history.ts';
import { type Judgement, judge, type Law, ownerOf, type Violation } from './judgement.ts';
import type { Ledger } from './ledger.ts';
import type { Log } from './log.ts';
import type { Outcome, RemediationResult } from './result.ts';
import type { Clock } from './revoke.ts';
import { exceptionTagOf } from './tag-history.ts';
import type { Task } from './task.ts';

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
  > {
  revokedAt: Date | null;
  failure: unknown;
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

async function act(office: Office, member: Member, task: Task): Promise<Remediation> {
  const { law, ledger, history, clock, log } = office;
  const { account, groupId } = task;
  let forgotten: unknown;
  const remembering = async <Known>(work: Promise<Known>, otherwise: Known): Promise<Known> => {
    try {
      return await work;
    } catch (error) {
      forgotten ??= error;
      log('ledger-failed', { groupId, error: describeError(error) });
      return otherwise;
    }
  };
  const [judgement, earlier] = await Promise.all([
    judge(member, law, task, clock),
    remembering(history.intended(task), undefined),
  ]);
  const { group, rules, violations, undecided, excepted } = judgement;
  if (group.owner !== undefined && group.owner !== account)
    return untouched(
      'ignored',
      `the group is of account ${group.owner}, where it is judged`,
      account,
      groupId,
    );
  log('judged', {
    ...{ account, groupId, rules: rules.length, violations: violations.map(({ rule }) => rule.id) },
    ...{ undecided, excepted },
  });
  const toRevoke = violations.filter(({ mode }) => mode === 'revoke').map(({ rule }) => rule);
  const since = new Date(clock.now().getTime() - escalationOf(law.policy).withinMinutes * 60_000);
  const times =
    toRevoke.length > 0
      ? await remembering(history.closedSince(task, toRevoke, since), new Map<string, number>())
      : new Map<string, number>();
  const intend = (intent: Intent) => remembering(history.intend(task, intent), undefined);
  const hands = { member, policy: law.policy, clock, log, intend };
  const closing = withEarlier(await close(hands, task, judgement, times), judgement, earlier);
  const { revoked } = closing.revocation;
  const closed = toRevoke.filter(({ id }) => revoked.includes(id));
  if (closed.length > 0) await remembering(history.closed(task, closed, clock.now()), undefined);
  const tag = exceptionTagOf(ledger, law.policy, group, task, clock.now());
  return {
    ...{ account, groupId, groupName: group.name, vpcId: group.vpcId, owner: ownerOf(law.policy, group) },
    ...conclude(task, judgement, closing),
    mode: strongest(violations, closing),
    findings: closing.findings,
    excepted,
    exceptionTag: await remembering(tag, null),
    undecided,
    revokedAt: closing.revocation.revokedAt ?? (earlier?.at || null),
    failure: closing.failure ?? forgotten,
  };
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
