import pLimit from 'p-limit';
import { ailmentOf, describeError } from './ailment.ts';
import { createSessions, type Sessions } from './credentials.ts';
import { type ApiCall, readEvent } from './event.ts';
import { createHistory } from './history.ts';
import type { Log } from './log.ts';
import { createNotifier } from './notify.ts';
import type { TagChange } from './parameters.ts';
import type { Parts } from './parts.ts';
import { type Act, connector, planOf } from './plan.ts';
import { type Office, type Remediation, untouched } from './remediate.ts';
import { createReport, type Report } from './report.ts';
import type { RemediationResult } from './result.ts';
import { announceEnds, dueAgain, readSchedule } from './schedule.ts';
import { keepTagChange, tagKeysOf } from './tag-history.ts';

/** `remaining` gives the milliseconds that are left of the invocation. */
export type Handler = (event: unknown, remaining?: () => number) => Promise<RemediationResult[]>;

/** Groups seen to at once: many can let one prefix list in. */
const concurrent = 8;
/** Milliseconds that a group needs at worst; with less left none is begun, and the event comes again. */
const enough = 15_000;

/**
 * The remediation of one EventBridge event: one result for each security group it is about, on the org bus and as
 * the answer. Idempotent under replays and concurrent calls. Rejects, for Lambda to try again and in the end to
 * dead-letter the event, where something can heal, was denied or failed; the last two publish their result first.
 */
export function createHandler(parts: Parts): Handler {
  const { policy, accounts = {}, environment, cloud, ledger, clock, log } = parts;
  const role = { partition: environment.partition, name: environment.remediationRole };
  const sessions = createSessions(cloud, role, clock.now);
  const connect = connector(cloud, sessions);
  const history = createHistory(ledger, clock.now);
  const office: Office = { law: { policy, accounts }, ledger, history, clock, log };
  const concern = { remediationRole: environment.remediationRole, tagKeys: tagKeysOf(policy) };
  const notifier = createNotifier(parts, sessions);
  const report = createReport(parts, notifier, history);

  /** The hub's hourly call: announcements, which no group's act holds up, and groups that are due again. */
  async function actsOfHour(call: ApiCall): Promise<{ call: ApiCall; acts: Act[] }> {
    log('received', { ...call, kind: 'schedule' });
    const [due, announced] = await Promise.allSettled([
      dueAgain(office, connect, call),
      announceEnds(parts, notifier),
    ]);
    const failed = [due, announced].flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    const acts = due.status === 'fulfilled' ? due.value : [];
    return { call, acts: [...acts, ...failed.map((reason) => async () => Promise.reject(reason))] };
  }

  async function actsOf(event: unknown): Promise<{ call: ApiCall; acts: Act[] }> {
    const hour = readSchedule(event);
    if (hour) return actsOfHour(hour);
    const reading = readEvent(event, concern);
    const { call } = reading;
    log('received', { ...call, kind: reading.kind });
    if ('reason' in reading) {
      const { kind, reason } = reading;
      return { call, acts: [async () => untouched(kind, reason, call.account)] };
    }
    const unkept = await keep(call, reading.tagChanges);
    const acts = reading.kind === 'look' ? await planOf(office, connect, reading) : [];
    return { call, acts: [...acts, ...unkept] };
  }

  /** A ledger that does not answer holds no look up, and fails the invocation afterwards. */
  async function keep(call: ApiCall, changes: TagChange[]): Promise<Act[]> {
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
    const { call, acts } = await actsOf(event);
    return carryOut({ call, acts, receivedAt, remaining, sessions, report, log });
  };
}

interface Work {
  call: ApiCall;
  acts: Act[];
  receivedAt: Date;
  remaining: () => number;
  sessions: Sessions;
  report: Report;
  log: Log;
}

/** Every group first: telling of one, with Slack slow or broken, must not hold up the revoke in the next. */
async function carryOut(work: Work): Promise<RemediationResult[]> {
  const { call, acts, receivedAt, remaining, sessions, report, log } = work;
  const failures: unknown[] = [];
  const limit = pLimit(concurrent);
  const each = async <From, To>(items: From[], what: (item: From) => Promise<To>): Promise<To[]> => {
    const done = await Promise.all(
      items.map((item) =>
        limit(async () => {
          try {
            return [await what(item)];
          } catch (error) {
            failures.push(error);
            return [];
          }
        }),
      ),
    );
    return done.flat();
  };
  const remediations = await each(acts, async (act): Promise<Remediation> => {
    if (remaining() < enough) throw outOfTime();
    return act();
  });
  const results = await each(remediations, (one) => report(one.call ?? call, one, receivedAt));
  failures.push(...remediations.flatMap(({ failure }) => (failure === undefined ? [] : [failure])));
  if (failures.length === 0) return results;
  sessions.forget(call.account);
  throw asError(call, failures[0], log);
}

function outOfTime(): Error {
  const error = new Error('no time is left for the other groups of the event');
  return Object.assign(error, { name: 'OutOfTime', $retryable: {} });
}

/** The error that ends the invocation: Lambda puts its message beside the event on the dead-letter queue. */
function asError(call: ApiCall, cause: unknown, log: Log): Error {
  const ailment = ailmentOf(cause);
  const next = ailment === 'heals' ? 'to be retried' : ailment;
  const message = `${next}: ${call.eventName} ${call.eventId} in ${call.account} ${call.region}: ${describeError(cause)}`;
  log('error', { eventId: call.eventId, message });
  return new Error(message, { cause });
}
