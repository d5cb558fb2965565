import { z } from 'zod';
import {
  type Announcement,
  announcementDetailType,
  announcementSchema,
} from '../../lambda/contract/announcement.ts';
import { isOnlyCanary } from '../../lambda/contract/canary.ts';
import { remediationResultSchema } from '../../lambda/contract/result.ts';
import { readLifecycleEvent } from '../organization/lifecycle-events.ts';
import { priorities } from '../queue/key-queue.ts';
import type { Uses } from '../services/services.ts';
import { accountKey, hubKey, organizationKey } from '../stacks/key.ts';
import type { LifecycleEvent } from '../store/lifecycle-events.ts';
import { revokeLatencyMs } from './latency.ts';

interface MessageHandlers {
  lifecycle(body: string): Promise<void>;
  /** A result, or the announcement that an exception ends. */
  result(body: string): Promise<void>;
}

const resultEvent = z.object({ detail: remediationResultSchema });
const announcementEvent = z.object({
  'detail-type': z.literal(announcementDetailType),
  detail: announcementSchema,
});
const isAnnouncement = (event: unknown): boolean =>
  z.object({ 'detail-type': z.literal(announcementDetailType) }).safeParse(event).success;

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

/** An event is only a hint: a key named by several events is reconciled at most once more. */
function keysOf({ look, accountId }: LifecycleEvent): string[] {
  switch (look.at) {
    case 'nothing':
      return [];
    case 'hub':
      return [hubKey];
    case 'organization':
      return [organizationKey];
    case 'account':
      return accountId ? [organizationKey, accountKey(accountId)] : [organizationKey];
  }
}

/** Lifecycle events enqueue keys; results and announcements become audit lines. */
export function messageHandlers({
  store,
  queue,
  log,
  meter,
}: Uses<{ store: true; queue: 'enqueue'; log: true; meter: true }>): MessageHandlers {
  /** The Lambda repeats the announcement hourly: one audit line per exception, expiry and state. */
  const announced = async ({ name, expires, state, owner, why, ticket }: Announcement) => {
    const details = { name, expires, owner, why, ticket };
    const entry = { who: 'portcullis', what: `exception ${state}`, details } as const;
    const fresh = await store.audit.append(entry, `exception ${state} ${name} ${Date.parse(expires)}`);
    if (fresh) log.info({ exception: name, expires, state }, 'exception');
  };
  return {
    async lifecycle(body) {
      const event = readLifecycleEvent(parseJson(body));
      const { look } = event;
      // Before the enqueue, so that the reconcile reads the tags again.
      if (look.at === 'hub' && event.accountId) await store.accounts.forgetTags(event.accountId);
      const action = look.at === 'nothing' ? `nothing: ${look.because}` : `reconcile ${look.at}`;
      await store.lifecycleEvents.append(event, action);
      await queue.enqueue(keysOf(event), priorities.onboarding);
      log.info({ event: event.name, account: event.accountId, action }, 'lifecycle event');
    },
    async result(body) {
      const event = parseJson(body);
      if (isAnnouncement(event)) return announced(announcementEvent.parse(event).detail);
      const { detail } = resultEvent.parse(event);
      // A canary is part of a verification, which is recorded separately.
      if ((await store.cellVerifications.received(detail)) && isOnlyCanary(detail)) return;
      // A duplicate of the event can report before the invocation that revoked the rule.
      const changed = await store.remediations.append(detail);
      if (changed) {
        const { outcome, change } = changed;
        meter.remediation(outcome, change, revokeLatencyMs(detail));
        log.info(
          { account: detail.account, region: detail.region, group: detail.groupId, outcome, change },
          'remediation',
        );
      }
    },
  };
}
