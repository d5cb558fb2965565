/** Leases, workers, what a stack's last failures were, and runs as roll-outs in waves. */
export const schedulerMigration = `
  create table lease (
    key text primary key,
    owner uuid not null,
    token bigint not null,
    expires_at timestamptz not null,
    from_dead boolean not null default false,
    region text
  );
  create index lease_live on lease (expires_at);
  create table worker (
    id uuid primary key,
    host text not null,
    process_id integer not null,
    state_digest text not null,
    settings_digest text not null,
    started_at timestamptz not null,
    seen_at timestamptz not null
  );
  create table fact (
    name text primary key,
    value jsonb not null,
    updated_at timestamptz not null
  );
  alter table stack add column failures integer not null default 0;
  alter table stack add column failed_generation text;
  alter table stack add column release text;
  alter table stack add column program_version text;
  create index stack_account on stack (account_id);
  alter table run add column rollout jsonb not null default '{}';
  alter table run add column priority integer not null default 0;
  alter table run add column control text not null default 'go';
  alter table run add column planned_at timestamptz;
  alter table run_stack add column wave integer not null default 0;
  alter table run_stack add column attempts integer not null default 0;
  create index run_stack_asked on run_stack (key) where state in ('admitted', 'running');
  create index run_stack_wave on run_stack (run_id, wave, state);
  drop index run_waiting;
  create unique index run_waiting on run (kind, only_changed, md5(scope::text), md5(rollout::text)) where state = 'queued';
  create index lifecycle_event_recorded on lifecycle_event (recorded_at);`;
