import * as z from 'zod';
import { type Announcement, announcementDetailType } from '../contract/announcement.ts';
import type { ApiCall } from '../event/read.ts';
import { findExpiredExceptions } from '../ledger/expired-exceptions.ts';
import { completeRechecks, readRechecks } from '../ledger/recheck.ts';
import type { Notifier } from '../notify/notifier.ts';
import { publishEvent } from '../notify/publish.ts';
import { type Policy, policyDigest } from '../policy/schema/policy.ts';
import type { HandlerContext } from './context.ts';
import { type Connect, type RemediationTask, taskFor } from './plan.ts';
import type { RemediationContext } from './remediate.ts';

const day = 24 * 3_600_000;
/** How long before an exception ends it is announced, and how long after that its end still is. */
const week = 7 * day;
const announcedRetentionMs = 30 * day;

const scheduled = z.object({
  id: z.string().min(1).max(128),
  source: z.literal('aws.events'),
  'detail-type': z.literal('Scheduled Event'),
  account: z.string(),
  region: z.string(),
});

/** The hub's own hourly call as a call, which nobody made; undefined for any other event. */
export function readSchedule(event: unknown): ApiCall | undefined {
  const { data } = scheduled.safeParse(event);
  if (!data) return undefined;
  return {
    ...{ eventId: data.id, account: data.account, region: data.region },
    ...{ cloudTrailEventId: null, eventName: null, eventTime: null },
    actor: { principal: null, session: null, sourceIp: null, userAgent: null, tool: null },
  };
}

/**
 * What is due by the clock alone: the groups that were left open as escalated, once the time of the policy is over,
 * and those whose exception has ended. Every one stays due until it was looked at.
 */
export async function recheckTasks(
  context: RemediationContext,
  connect: Connect,
  call: ApiCall,
): Promise<RemediationTask[]> {
  const { ledger, policyContext, clock } = context;
  const now = clock.now();
  await findExpiredExceptions(ledger, policyContext.policy, now);
  const rechecks = (await readRechecks(ledger)).filter(({ from }) => from <= now.getTime());
  const groups = Map.groupBy(rechecks, ({ account, region, groupId }) => [account, region, groupId].join());
  return [...groups.values()].flatMap((entries) => {
    const [first] = entries;
    if (!first) return [];
    const { account, region, groupId } = first;
    const recheckCall = { ...call, account, region };
    const task = { call: recheckCall, account, groupId, ruleIds: [], own: false, retagged: false };
    const recheck: RemediationTask = async () => {
      const remediation = await taskFor(context, connect, task)();
      // A look that was denied or failed is none: it stays due, and fails loudly every hour until it succeeds.
      if (remediation.failure === undefined) await completeRechecks(ledger, entries);
      return { ...remediation, call: recheckCall };
    };
    return [recheck];
  });
}

/**
 * Announces the exceptions that end within a week, and those that have ended, each once: to people and on the org
 * bus. @throws where the bus or the ledger does not answer; what was not announced is due again an hour later.
 */
export async function announceEnds(context: HandlerContext, notifier: Notifier): Promise<Announcement[]> {
  const { policy, ledger, clock, cloud, environment, log } = context;
  const announced: Announcement[] = [];
  for (const announcement of announcementsOf(policy, clock.now())) {
    const { name, expires, state } = announcement;
    const key = `announced/${name}/${expires}/${state}`;
    if ((await ledger.read(key)) !== undefined) continue;
    log('announced', { ...announcement, notification: await notifier.announce(announcement) });
    await publishEvent(cloud, environment.busArn, announcementDetailType, announcement, clock);
    await ledger.write(key, announcement.time, new Date(clock.now().getTime() + announcedRetentionMs));
    announced.push(announcement);
  }
  return announced;
}

/** The exceptions of a policy that are to be announced at a moment. Pure. */
export function announcementsOf(policy: Policy, now: Date): Announcement[] {
  const digest = policyDigest(policy);
  return (policy.exceptions ?? []).flatMap(({ name, owner, why, ticket, expires }) => {
    if (expires === undefined) return [];
    const left = Date.parse(expires) - now.getTime();
    if (left > week || left < -week) return [];
    const state = left > 0 ? ('expiring' as const) : ('expired' as const);
    const said = { name, owner, why, ticket, expires, state };
    return [{ schemaVersion: 1 as const, time: now.toISOString(), policyDigest: digest, ...said }];
  });
}
