import type { Database, Query } from './database/database.ts';
import { firstColumn, firstValue } from './database/query.ts';
import type { Offboarding } from './offboarding.ts';

export function deletionStore({ query }: Database) {
  return {
    /** Records that the stack is about to be deleted; asked again about the same offboarding, nothing happens. */
    async record({ key, since, accountId, region, because, confirmationId }: Offboarding, at: Date) {
      await query(
        `insert into deletion (key, since, account_id, region, because, confirmation_id, at)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (key, since) do nothing`,
        [key, since, accountId, region, because, confirmationId, at],
      );
    },
  };
}

/**
 * Deletions since a moment that no person confirmed, each counted however often its stack was made again, and stacks to
 * destroy that are not confirmed and not deleted yet. What leaves by a setting is asked about in any case.
 */
export async function deletionsSince(query: Query, from: Date): Promise<number> {
  const count = await firstValue<number>(
    query,
    `select ((select count(*) from deletion where confirmation_id is null and at > $1)
       + (select count(*) from offboarding d where what = 'destroy' and found_by <> 'setting'
           and confirmation_id is null and done_at is null and (cleared_at is null or cleared_at > $1)
           and not exists (select 1 from deletion where key = d.key and deletion.since = d.since)))::int`,
    [from],
  );
  return count ?? 0;
}

/** Accounts of which a person confirmed every offboarding. */
export async function confirmedAccounts(query: Query): Promise<string[]> {
  return firstColumn(
    query,
    `select account_id as id from offboarding group by account_id
     having bool_and(confirmation_id is not null or done_at is not null) and bool_or(confirmation_id is not null)`,
  );
}

/** Remembers who was active in a listing, and says who was in one since a moment. */
export async function rememberActive(
  query: Query,
  ids: readonly string[],
  at: Date,
  from: Date,
): Promise<string[]> {
  await query(
    `insert into listed_account (id, active_at) select id, $2 from unnest($1::text[]) as n (id)
     on conflict (id) do update set active_at = greatest(listed_account.active_at, excluded.active_at)`,
    [ids, at],
  );
  await query('delete from listed_account where active_at <= $1', [from]);
  return firstColumn(query, 'select id from listed_account');
}
