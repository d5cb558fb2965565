/** Stacks, and runs with what each of them asks of each stack. */
export const stackTables = `
  create table stack (
    key text primary key,
    kind text not null,
    account_id text not null,
    region text,
    generation text,
    exceptions jsonb not null default '[]',
    conditions jsonb not null default '{}',
    operation_started_at timestamptz,
    failures integer not null default 0,
    transient_failures integer not null default 0,
    failed_generation text,
    release text,
    program_version text,
    updated_at timestamptz not null
  );
  create index stack_account on stack (account_id);
  create index stack_listed on stack ((kind <> 'hub'), account_id, key);

  create table run (
    id uuid primary key,
    kind text not null,
    scope jsonb not null,
    only_changed boolean not null,
    requested_by text not null,
    state text not null,
    rollout jsonb not null default '{}',
    priority integer not null default 0,
    plan_attempts integer not null default 0,
    message text,
    created_at timestamptz not null,
    started_at timestamptz,
    planned_at timestamptz,
    finished_at timestamptz
  );
  -- Digests: a scope may name thousands of accounts, more than an index entry holds.
  create unique index run_waiting on run (kind, only_changed, md5(scope::text), md5(rollout::text))
    where state = 'queued';
  create index run_requested on run (requested_by text_pattern_ops, created_at);
  create index run_unfinished on run (created_at) where finished_at is null;
  create index run_listed on run (created_at, id);

  create table run_stack (
    run_id uuid not null references run (id),
    key text not null,
    state text not null,
    wave integer not null default 0,
    attempts integer not null default 0,
    changes jsonb not null default '[]',
    drift jsonb not null default '[]',
    message text,
    started_at timestamptz,
    finished_at timestamptz,
    -- The transaction that changed it last: who follows a run asks for what changed since.
    changed xid8 not null default pg_current_xact_id(),
    primary key (run_id, key)
  );
  create index run_stack_changed on run_stack (run_id, changed, key);
  create index run_stack_key on run_stack (key);
  create index run_stack_requested on run_stack (key) where state in ('admitted', 'running');
  create index run_stack_wave on run_stack (run_id, wave, state);

  create function run_stack_changes() returns trigger language plpgsql as
    $$ begin new.changed := pg_current_xact_id(); return new; end $$;
  create trigger run_stack_changes before update on run_stack for each row execute function run_stack_changes();

  -- How many stacks of a run are in each state, so that nothing counts the rows of run_stack to know how far it is.
  -- settled: so many of them had ended before a person last resumed the run.
  create table run_count (
    run_id uuid not null references run (id) on delete cascade,
    wave integer not null,
    state text not null,
    count integer not null,
    settled integer not null default 0,
    primary key (run_id, wave, state)
  );
  -- In the order of the key: two statements that change the same counters wait for each other and do not deadlock.
  create function run_stack_added() returns trigger language plpgsql as $$
    begin
      insert into run_count as known (run_id, wave, state, count)
        select run_id, wave, state, count(*) from added group by 1, 2, 3 order by 1, 2, 3
        on conflict (run_id, wave, state) do update set count = known.count + excluded.count;
      return null;
    end $$;
  create trigger run_stack_added after insert on run_stack referencing new table as added
    for each statement execute function run_stack_added();
  create function run_stack_moved() returns trigger language plpgsql as $$
    begin
      insert into run_count as known (run_id, wave, state, count)
        select run_id, wave, state, sum(one) from (
          select run_id, wave, state, 1 as one from after union all select run_id, wave, state, -1 from before) as moved
        group by 1, 2, 3 having sum(one) <> 0 order by 1, 2, 3
        on conflict (run_id, wave, state) do update set count = known.count + excluded.count;
      return null;
    end $$;
  create trigger run_stack_moved after update on run_stack referencing old table as before new table as after
    for each statement execute function run_stack_moved();`;
