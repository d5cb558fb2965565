/** The accounts of the organization, its lifecycle events, and what is known of each account's coverage. */
export const accountTables = `
  create table account (
    id text primary key,
    name text not null,
    state text not null,
    path text not null,
    parents jsonb not null,
    unit_names jsonb not null default '[]',
    tags jsonb,
    tags_read_at timestamptz,
    joined_at timestamptz,
    regions jsonb not null default '[]',
    conditions jsonb not null default '{}',
    failed_reads integer not null default 0,
    seen_at timestamptz not null,
    updated_at timestamptz not null
  );

  create index account_listed on account (path, name, id);

  create table lifecycle_event (
    id text primary key,
    name text not null,
    account_id text,
    time timestamptz not null,
    action text not null,
    recorded_at timestamptz not null
  );
  create index lifecycle_event_recorded on lifecycle_event (recorded_at);
  create index lifecycle_event_listed on lifecycle_event (time, id);

  create table coverage (
    account_id text primary key,
    known jsonb not null,
    updated_at timestamptz not null
  );
  create table coverage_notice (
    id uuid primary key,
    number bigint generated always as identity,
    account_id text not null,
    change text not null,
    theme text not null,
    event jsonb not null,
    found_at timestamptz not null,
    notified jsonb not null default '[]',
    done_at timestamptz
  );
  create index coverage_notice_pending on coverage_notice (account_id) where done_at is null;
  create index coverage_notice_theme on coverage_notice (theme, found_at);`;
