import type { LifecycleEvent } from '../lifecycle.ts';
import type { Database } from './database.ts';

export interface LifecycleEventStore {
  /** Keeps the event and what it led to; a replay is kept once. */
  append(event: LifecycleEvent, action: string): Promise<void>;
  list(
    limit: number,
  ): Promise<{ id: string; name: string; accountId: string | null; time: Date; action: string }[]>;
}

export function lifecycleEventStore({ query }: Database): LifecycleEventStore {
  return {
    async append(event, action) {
      await query(
        `insert into lifecycle_event (id, name, account_id, time, action, recorded_at)
         values ($1, $2, $3, $4, $5, now()) on conflict do nothing`,
        [event.id, event.name, event.accountId ?? null, event.time, action],
      );
    },
    list: (limit) =>
      query(
        `select id, name, account_id as "accountId", time, action from lifecycle_event order by time desc limit $1`,
        [limit],
      ),
  };
}
