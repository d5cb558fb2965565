import { z } from 'zod';
import { type Announcement, announcementDetailType, announcementSchema } from '../lambda/announcement.ts';
import { remediationResultSchema } from '../lambda/result.ts';
import { type LifecycleEvent, readLifecycleEvent, requestedByEvent } from './lifecycle.ts';
import type { Logger } from './log.ts';
import type { RunQueue } from './run-queue.ts';
import { hubAlone, type Scope } from './scope.ts';
import type { Store } from './store/store.ts';

interface Intake {
  /** A message of the lifecycle queue. */
  lifecycle(body: string): Promise<void>;
  /** A message of the results queue: a result, or the announcement of an exception's end. */
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

/** Hub runs about many accounts are equal, so that a thousand accounts tagged at once are a few runs. */
function scopeOf({ look, accountId }: LifecycleEvent): Scope {
  if (look.at === 'hub') return hubAlone;
  return look.at === 'account' && accountId ? { accounts: [accountId] } : {};
}

/** What the control plane does with what it hears: lifecycle events become runs, results and announcements the audit log. */
export function intake(store: Store, queue: Pick<RunQueue, 'request'>, log: Logger): Intake {
  /** Every hour the Lambda may say it again: one line of the audit log for an exception, its expiry and its state. */
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
      if (look.at !== 'nothing') {
        // Before the run is asked for, or it could end without having read them.
        if (look.at === 'hub' && event.accountId) await store.accounts.forgetTags(event.accountId);
        const scope = scopeOf(event);
        await queue.request({
          kind: 'reconcile',
          scope,
          onlyChanged: true,
          requestedBy: requestedByEvent(event),
        });
      }
      const action = look.at === 'nothing' ? `nothing: ${look.because}` : `reconcile ${look.at}`;
      await store.lifecycleEvents.append(event, action);
      log.info({ event: event.name, account: event.accountId, action }, 'lifecycle event');
    },
    async result(body) {
      const event = parseJson(body);
      if (isAnnouncement(event)) return announced(announcementEvent.parse(event).detail);
      const { detail } = resultEvent.parse(event);
      const fresh = await store.remediations.append(detail);
      if (fresh) {
        log.info(
          { account: detail.account, region: detail.region, group: detail.groupId, outcome: detail.outcome },
          'remediation',
        );
      }
    },
  };
}
