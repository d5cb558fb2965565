import type { FaultStage } from './stage.ts';

type Ask = FaultStage['query'];

/** Has the database itself write down every change of a lease, with its own clock. Idempotent. */
export async function recordLeases(query: Ask): Promise<void> {
  await query(`
    create table if not exists fault_lease (
      at timestamptz not null default clock_timestamp(), id bigint generated always as identity,
      key text not null, owner uuid not null, token bigint not null,
      expired_before timestamptz, expires_at timestamptz not null
    );
    create or replace function fault_lease_changed() returns trigger language plpgsql as $$ begin
      insert into fault_lease (key, owner, token, expired_before, expires_at) values (
        new.key, new.owner, new.token, case when tg_op = 'UPDATE' then old.expires_at end, new.expires_at);
      return new;
    end $$;
    create or replace trigger fault_lease_changed after insert or update on lease
      for each row execute function fault_lease_changed();`);
}

/** A key that was given away while another holder's lease had not ended, or whose token did not grow. */
export async function sharedLeases(query: Ask): Promise<string[]> {
  const rows = await query<{ key: string; token: string; previous: string }>(`
    select key, token::text, previous::text from (
      select *, lag(token) over history as previous, lag(owner) over history as previous_owner
      from fault_lease window history as (partition by key order by id)
    ) as change
    where previous is not null and (
      token < previous
      or (token = previous and owner <> previous_owner)
      or (token > previous and expired_before > at)
    )`);
  return rows.map(
    ({ key, token, previous }) => `${key}: token ${token} was given while ${previous} was held`,
  );
}

/** How often a key went from one holder to the next, and how often because the first one had died. */
export async function handovers(query: Ask): Promise<{ taken: number; fromDead: number }> {
  const [row] = await query<{ taken: number; fromDead: number }>(`
    select count(*)::int as taken, count(*) filter (where expired_before > '-infinity')::int as "fromDead"
    from (select *, lag(token) over (partition by key order by id) as previous from fault_lease) as change
    where token > previous`);
  return row ?? { taken: 0, fromDead: 0 };
}

/** The holder of the lease of one of the keys, and how many it holds; undefined when none is held. */
export async function holderOf(
  query: Ask,
  keys: readonly string[],
): Promise<{ owner: string; leases: number } | undefined> {
  const [row] = await query<{ owner: string; leases: number }>(
    `select owner::text, count(*)::int as leases from lease
     where expires_at > now() and owner in (select owner from lease where key = any($1) and expires_at > now())
     group by owner order by leases desc`,
    [keys],
  );
  return row;
}

/** How often another holder took over a key whose lease had expired. */
export async function takenOverFrom(query: Ask, owner: string): Promise<number> {
  const [row] = await query<{ taken: number }>(
    `select count(*)::int as taken from (
       select *, lag(token) over history as previous, lag(owner) over history as previous_owner
       from fault_lease window history as (partition by key order by id)
     ) as change
     where token > previous and previous_owner = $1 and owner <> $1 and expired_before > '-infinity'`,
    [owner],
  );
  return row?.taken ?? 0;
}

/** Every change of a lease, a line of JSON each, to look at afterwards. */
export async function leaseLines(query: Ask): Promise<string> {
  const rows = await query<{ line: string }>(
    'select row_to_json(fault_lease)::text as line from fault_lease order by id',
  );
  return rows.map(({ line }) => `${line}\n`).join('');
}
