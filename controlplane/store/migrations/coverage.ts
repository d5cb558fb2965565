/** What was last known of each account's coverage, and the changes of it that people are to be told. */
export const coverageMigration = `
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
