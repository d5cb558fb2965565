import * as z from 'zod';
import { type Announcement, announcementDetailType } from '../contract/announcement.ts';
import { type ApiCall, callWithoutCaller } from '../event/read.ts';
import { taskWithoutEvent } from '../event/task.ts';
import { findExpiredExceptions } from '../ledger/expired-exceptions.ts';
import { completeRechecks, type Recheck, readRechecks, scheduleRecheck } from '../ledger/recheck.ts';
import type { Place } from '../ledger/shards.ts';
import { isDelivered, type Notifier } from '../notify/notifier.ts';
import { publishEvent } from '../notify/publish.ts';
import { type Policy, policyDigest } from '../policy/schema/policy.ts';
import type { HandlerContext } from './context.ts';
import { type Connect, type RemediationTask, taskFor } from './plan.ts';
import type { RemediationContext } from './remediate.ts';
import type { Remediation } from './remediation.ts';
import { lastReported, reportedOnce, silent } from './watch.ts';

const day = 24 * 3_600_000;
/** How long before its end an exception is announced, and how long after its end it still is. */
const week = 7 * day;
const announcedRetentionMs = 30 * day;

const scheduled = z.object({
  id: z.string().min(1).max(128),
  source: z.literal('aws.events'),
  'detail-type': z.literal('Scheduled Event'),
  account: z.string(),
  region: z.string(),
});

/** The hub's own call of each minute; undefined for any other event. */
export function readSchedule(event: unknown): ApiCall | undefined {
  const { data } = scheduled.safeParse(event);
  return data && callWithoutCaller(data.id, data.account, data.region);
}

const hour = 3_600_000;
/** The most groups in one run. The rest are inspected a minute later. */
const most = 100;

/**
 * The work of the schedule. Each minute: the groups to recheck, of which part of the ledger is read (see `readRechecks`).
 * Each hour, by this process's memory: the ending exceptions; a new execution environment does this again. Failed work
 * is done again a minute later.
 */
export function createSchedule(
  remediationContext: RemediationContext,
  context: HandlerContext,
  notifier: Notifier,
  connect: Connect,
): (call: ApiCall) => Promise<{ tasks: RemediationTask[]; afterwards: () => Promise<unknown> }> {
  const { ledger, policyContext, clock } = remediationContext;
  const hourly = (work: () => Promise<unknown>) => {
    let last = Number.NEGATIVE_INFINITY;
    return async () => {
      const now = clock.now().getTime();
      if (now - last < hour) return;
      await work();
      last = now;
    };
  };
  const endExceptions = hourly(() => findExpiredExceptions(ledger, policyContext.policy, clock.now()));
  const announce = hourly(() => announceEnds(context, notifier));
  return async (call) => {
    try {
      await endExceptions();
      return { tasks: await recheckTasks(remediationContext, connect, call), afterwards: announce };
    } catch (error) {
      return { tasks: [async () => Promise.reject(error)], afterwards: announce };
    }
  };
}

/** The groups to recheck. Each stays scheduled until it was inspected and its result is published. */
async function recheckTasks(
  context: RemediationContext,
  connect: Connect,
  call: ApiCall,
): Promise<RemediationTask[]> {
  const rechecks = await readRechecks(context.ledger, context.clock.now());
  const groups = Map.groupBy(rechecks, ({ account, region, groupId }) => [account, region, groupId].join());
  return [...groups.values()].slice(0, most).map((entries) => recheckTask(context, connect, call, entries));
}

function recheckTask(
  context: RemediationContext,
  connect: Connect,
  call: ApiCall,
  entries: Recheck[],
): RemediationTask {
  const { ledger, clock } = context;
  return async () => {
    const { account = '', region = '', groupId = '', from = 0 } = entries[0] ?? {};
    const place = { account, region, groupId };
    const attempt = `due-${from}`;
    const moved = { ...call, account, region };
    const task = { ...taskWithoutEvent(moved, groupId, true), attempt };
    const remediation = await taskFor(context, connect, task)();
    const quiet = entries.every((entry) => entry.quiet);
    const unreported = quiet && (await isUnchanged(ledger, place, remediation));
    const settle = async () => {
      // A denied or failed inspection does not count: it is repeated, and fails visibly every hour until it succeeds.
      if (remediation.failure !== undefined)
        await scheduleRecheck(ledger, [place], new Date(clock.now().getTime() + hour), clock.now(), quiet);
      await completeRechecks(ledger, entries);
    };
    return { ...remediation, call: moved, attempt, settle, ...(unreported && { unreported }) };
  };
}

/** Whether a repeated inspection found nothing that was not already published. */
async function isUnchanged(
  ledger: RemediationContext['ledger'],
  place: Place,
  { outcome, look, failure }: Remediation,
): Promise<boolean> {
  if (failure !== undefined) return false;
  if (silent.includes(outcome)) return true;
  if (look === undefined || !reportedOnce.includes(outcome)) return false;
  return (await lastReported(ledger, place)) === look;
}

/**
 * Announces, each once, the exceptions that end within a week and those that have ended: to people and on the org bus.
 * When no channel delivers the message, people are notified with the next call. @throws when the bus or the ledger does
 * not answer; what was not announced is announced a minute later.
 */
export async function announceEnds(context: HandlerContext, notifier: Notifier): Promise<Announcement[]> {
  const { policy, ledger, clock, cloud, environment, log } = context;
  const announced: Announcement[] = [];
  for (const announcement of announcementsOf(policy, clock.now())) {
    const { name, expires, state } = announcement;
    const key = `announced/${name}/${expires}/${state}`;
    if ((await ledger.read(key)) !== undefined) continue;
    const notification = await notifier.announce(announcement);
    log('announced', { ...announcement, notification });
    const keptUntil = new Date(clock.now().getTime() + announcedRetentionMs);
    const onTheBus = `${key}/on-the-bus`;
    if ((await ledger.read(onTheBus)) === undefined) {
      await publishEvent(cloud, environment.busArn, announcementDetailType, announcement, clock);
      await ledger.write(onTheBus, announcement.time, keptUntil);
      announced.push(announcement);
    }
    if (isDelivered(notification)) await ledger.write(key, announcement.time, keptUntil);
  }
  return announced;
}

/** The exceptions of a policy to announce at a moment. Pure. */
export function announcementsOf(policy: Policy, now: Date): Announcement[] {
  const digest = policyDigest(policy);
  return (policy.exceptions ?? []).flatMap(({ name, owner, why, ticket, expires }) => {
    if (expires === undefined) return [];
    const left = Date.parse(expires) - now.getTime();
    if (left > week || left < -week) return [];
    const state = left > 0 ? ('expiring' as const) : ('expired' as const);
    const header = { schemaVersion: 1 as const, time: now.toISOString(), policyDigest: digest };
    return [{ ...header, name, owner, why, ticket, expires, state }];
  });
}
