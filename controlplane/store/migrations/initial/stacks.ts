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
    primary key (run_id, key)
  );
  create index run_stack_key on run_stack (key);
  create index run_stack_requested on run_stack (key) where state in ('admitted', 'running');
  create index run_stack_wave on run_stack (run_id, wave, state);`;
