import type { BusEvent } from '../gateway/call.ts';

/** The result of one event at one target. `rule` and `target` are ARNs, empty when none was reached. */
export interface Delivery {
  time: string;
  eventId: string;
  source: string;
  detailType: string;
  account: string;
  region: string;
  rule: string;
  target: string;
  /** `failed`: lost. `dead-lettered`: in the dead-letter queue. `not-covered`: no trail, so there was no event. */
  outcome: 'delivered' | 'failed' | 'dead-lettered' | 'not-covered';
  reason?: string;
}

export interface Journal {
  entries(): Delivery[];
  record(
    event: BusEvent,
    at: { rule: string; target: string },
    outcome: Delivery['outcome'],
    reason?: string,
  ): void;
}

const limit = 200_000;

/** Every delivery since the start, oldest first; past the limit the oldest half is dropped. */
export function journal(): Journal {
  let entries: Delivery[] = [];
  return {
    entries: () => [...entries],
    record(event, { rule, target }, outcome, reason) {
      if (entries.length >= limit) entries = entries.slice(limit / 2);
      entries.push({
        time: new Date().toISOString(),
        eventId: event.id,
        source: event.source,
        detailType: event['detail-type'],
        account: event.account,
        region: event.region,
        rule,
        target,
        outcome,
        ...(reason === undefined ? {} : { reason }),
      });
    },
  };
}
