/** What departs and what became of it, what a person has to confirm, and what is left of stacks that are gone. */
export const offboardingMigration = `
  create table offboarding (
    key text primary key,
    account_id text not null,
    region text,
    what text not null,
    because text not null,
    found_by text not null,
    since timestamptz not null,
    cleared_at timestamptz,
    confirmation_id uuid,
    refusals integer not null default 0,
    done_at timestamptz
  );
  create index offboarding_open on offboarding (account_id) where done_at is null;
  create table listed_account (
    id text primary key,
    active_at timestamptz not null
  );
  create table confirmation (
    id uuid primary key,
    digest text not null,
    hold text not null,
    why text not null,
    about text not null,
    stacks jsonb not null,
    state text not null,
    opened_at timestamptz not null,
    expires_at timestamptz not null,
    decided_at timestamptz,
    decided_by text
  );
  create unique index confirmation_one_open on confirmation (state) where state = 'open';
  create table archived_stack (
    key text not null,
    since timestamptz not null,
    account_id text not null,
    account_name text not null,
    kind text not null,
    region text,
    reason text not null,
    archived_at timestamptz not null,
    generation text,
    conditions jsonb not null,
    state text,
    returned_at timestamptz,
    primary key (key, since)
  );`;
