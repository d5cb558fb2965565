import pLimit from 'p-limit';
import { createSessions, type Sessions } from './aws/credentials.ts';
import { describeError, errorClassOf } from './aws/errors.ts';
import type { Log } from './aws/log.ts';
import { createOwners } from './aws/owners.ts';
import type { RemediationResult } from './contract/result.ts';
import type { TagChange } from './event/parameters.ts';
import { type ApiCall, readEvent } from './event/read.ts';
import { createHistory } from './ledger/history.ts';
import { keepTagChange } from './ledger/tag-history.ts';
import { createNotifier } from './notify/notifier.ts';
import { tagKeysOf } from './policy/tag-keys.ts';
import { answerCanary, readCanary } from './remediation/canary-path.ts';
import type { HandlerContext } from './remediation/context.ts';
import { connector, planOf, type RemediationTask } from './remediation/plan.ts';
import type { RemediationContext } from './remediation/remediate.ts';
import { type Remediation, untouched } from './remediation/remediation.ts';
import { createReport, type Report } from './remediation/report.ts';
import { createSchedule, readSchedule } from './remediation/schedule.ts';
import { readSweptGroup, sweptGroupTask } from './remediation/swept-group.ts';

/** `remaining` returns the milliseconds that are left of the invocation. */
export type Handler = (event: unknown, remaining?: () => number) => Promise<RemediationResult[]>;

/** Groups that are handled at the same time: many can use one prefix list. */
const concurrent = 8;
/** Minimum milliseconds to start a group. With less left, the event is retried. */
const enough = 15_000;

/**
 * The remediation of one EventBridge event: one result for each security group, on the org bus and as the answer.
 * Idempotent under replays and concurrent calls. Rejects when a retry can fix the failure, or access was denied, or the
 * remediation failed; the last two publish their result first. Lambda then retries and finally dead-letters the event.
 */
export function createHandler(context: HandlerContext): Handler {
  const { policy, accounts = {}, environment, cloud, ledger, clock, log } = context;
  const role = { partition: environment.partition, name: environment.remediationRole };
  const sessions = createSessions(cloud, role, clock.now);
  const connect = connector(cloud, sessions);
  const history = createHistory(ledger, clock.now);
  const policyContext = { policy, accounts, isCovered: createOwners(sessions, accounts, clock.now) };
  const remediation: RemediationContext = { policyContext, ledger, history, clock, log };
  const concern = { remediationRole: environment.remediationRole, tagKeys: tagKeysOf(policy) };
  const notifier = createNotifier(context, sessions);
  const report = createReport(context, notifier, history);
  const schedule = createSchedule(remediation, context, notifier, connect);

  async function workOf(event: unknown): Promise<Work> {
    const turn = readSchedule(event);
    if (turn) {
      log('received', { ...turn, kind: 'schedule' });
      return { call: turn, ...(await schedule(turn)) };
    }
    const canary = readCanary(event);
    if (canary) {
      log('received', { ...canary.call, kind: 'canary' });
      return { call: canary.call, tasks: await answerCanary(remediation, connect, canary) };
    }
    const swept = readSweptGroup(event);
    if (swept) {
      log('received', { ...swept.call, kind: 'sweep' });
      return { call: swept.call, tasks: [sweptGroupTask(remediation, connect, swept)] };
    }
    const reading = readEvent(event, concern);
    const { call } = reading;
    log('received', { ...call, kind: reading.kind });
    if ('reason' in reading) {
      const { kind, reason } = reading;
      return { call, tasks: [async () => untouched(kind, reason, call.account)] };
    }
    const failedRecords = await recordTagChanges(call, reading.tagChanges);
    const tasks = reading.kind === 'inspect' ? await planOf(remediation, connect, reading) : [];
    return { call, tasks: [...tasks, ...failedRecords] };
  }

  /** A ledger that does not answer delays no inspection, and fails the invocation afterwards. */
  async function recordTagChanges(call: ApiCall, changes: TagChange[]): Promise<RemediationTask[]> {
    const changed = { changedBy: call.actor.principal, changedAt: call.eventTime };
    try {
      for (const change of changes) await keepTagChange(ledger, { ...change, ...call }, changed, clock.now());
      return [];
    } catch (error) {
      return [async () => Promise.reject(error)];
    }
  }

  return async (event, remaining = () => Number.POSITIVE_INFINITY) => {
    const receivedAt = clock.now();
    return carryOut(await workOf(event), { receivedAt, remaining, sessions, report, log });
  };
}

/** The groups to handle for an event, and the work that waits until all of them are reported. */
interface Work {
  call: ApiCall;
  tasks: RemediationTask[];
  afterwards?: () => Promise<unknown>;
}

interface Invocation {
  receivedAt: Date;
  remaining: () => number;
  sessions: Sessions;
  report: Report;
  log: Log;
}

/** Handles every group before it reports any: a slow Slack must not delay the next revoke. */
async function carryOut(
  { call, tasks, afterwards }: Work,
  { receivedAt, remaining, sessions, report, log }: Invocation,
): Promise<RemediationResult[]> {
  const failures: unknown[] = [];
  const limit = pLimit(concurrent);
  const each = async <From, To>(items: From[], what: (item: From) => Promise<To>): Promise<To[]> => {
    const settled = await Promise.allSettled(items.map((item) => limit(() => what(item))));
    failures.push(...settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : [])));
    return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  };
  const remediations = await each(tasks, async (task): Promise<Remediation> => {
    if (remaining() < enough) throw outOfTime();
    return task();
  });
  const reported = async (one: Remediation): Promise<RemediationResult[]> => {
    const result = one.unreported ? [] : [await report(one.call ?? call, one, receivedAt)];
    await one.settle?.();
    return result;
  };
  const results = (await each(remediations, reported)).flat();
  failures.push(...remediations.flatMap(({ failure }) => (failure === undefined ? [] : [failure])));
  await each(afterwards ? [afterwards] : [], (work) => work());
  if (failures.length === 0) return results;
  sessions.forget();
  const errors = failures.map((failure) => asError(call, failure));
  for (const { message } of errors) log('error', { eventId: call.eventId, message });
  throw errors[0];
}

function outOfTime(): Error {
  const error = new Error('no time is left for the other groups of the event');
  return Object.assign(error, { name: 'OutOfTime', $retryable: {} });
}

/** The error that ends the invocation. Lambda adds its message to the event in the dead-letter queue. */
function asError(call: ApiCall, cause: unknown): Error {
  const errorClass = errorClassOf(cause);
  const next = errorClass === 'retryable' ? 'to be retried' : errorClass;
  const message = `${next}: ${call.eventName} ${call.eventId} in ${call.account} ${call.region}: ${describeError(cause)}`;
  return new Error(message, { cause });
}
