import { z } from 'zod';
import { remediationResultSchema } from '../lambda/result.ts';
import { readLifecycleEvent, requestedByEvent } from './lifecycle.ts';
import type { Logger } from './log.ts';
import type { RunQueue } from './run-queue.ts';
import type { Store } from './store/store.ts';

interface Intake {
  /** A message of the lifecycle queue. */
  lifecycle(body: string): Promise<void>;
  /** A message of the results queue. */
  result(body: string): Promise<void>;
}

const resultEvent = z.object({ detail: remediationResultSchema });

const parseJson = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

/** What the control plane does with what it hears: lifecycle events become runs, results become the audit log. */
export function intake(store: Store, queue: Pick<RunQueue, 'request'>, log: Logger): Intake {
  return {
    async lifecycle(body) {
      const event = readLifecycleEvent(parseJson(body));
      const { look } = event;
      if (look.at !== 'nothing') {
        const scope = look.at === 'account' && event.accountId ? { accounts: [event.accountId] } : {};
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
      const { detail } = resultEvent.parse(parseJson(body));
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
