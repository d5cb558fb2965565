import type { Database } from './database/database.ts';
import { type Filter, type PageRequest, readPage } from './database/page.ts';
import { firstColumn } from './database/query.ts';

export function lifecycleEventStore({ query }: Database) {
  return {
    /** Keeps the event and what it led to; a replay is kept once. */
    async append(event: LifecycleEvent, action: string) {
      await query(
        `insert into lifecycle_event (id, name, account_id, time, action, recorded_at)
         values ($1, $2, $3, $4, $5, now()) on conflict do nothing`,
        [event.id, event.name, event.accountId ?? null, event.time, action],
      );
    },
    /** Accounts that events of the last so many milliseconds say exist, and that no listing has shown as active yet. */
    expected: (withinMs: number) =>
      firstColumn(
        query,
        `select distinct lifecycle_event.account_id as id from lifecycle_event
         left join account on account.id = lifecycle_event.account_id
         where recorded_at > now() - $1::interval and lifecycle_event.action like 'reconcile account%'
           and lifecycle_event.account_id is not null and (account.id is null or account.state = 'PENDING_ACTIVATION')`,
        [`${withinMs} milliseconds`],
      ),
    /** Newest first. */
    page: ({ account }: Filter<'account'>, page: PageRequest) =>
      readPage<LifecycleRecord>(query, page, {
        ...{ columns: 'id, name, account_id, time, action', from: 'lifecycle_event', descending: true },
        order: { time: 'timestamptz', id: 'text' },
        equal: { account_id: account },
      }),
  };
}

/** A lifecycle event and what it led to. */
interface LifecycleRecord {
  readonly id: string;
  readonly name: string;
  readonly accountId: string | null;
  readonly time: Date;
  readonly action: string;
}

/** A change of the organization, from an event. It is a hint: its content is read again before anything is done. */
export interface LifecycleEvent {
  readonly id: string;
  readonly name: string;
  readonly time: string;
  readonly accountId: string | undefined;
  /** What to look at: one account, the organization's listing, the hub alone, or nothing, with the reason. */
  readonly look:
    | { readonly at: 'account' | 'organization' | 'hub' }
    | { readonly at: 'nothing'; readonly because: string };
}
