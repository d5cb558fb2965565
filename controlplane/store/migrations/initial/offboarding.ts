/** Stacks that leave and what became of them, questions for a person, and the policies that were in force. */
export const offboardingTables = `
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

  -- Every deletion of a stack. The row of its offboarding is overwritten when the stack leaves again.
  create table deletion (
    id bigint generated always as identity primary key,
    key text not null,
    since timestamptz not null,
    account_id text not null,
    region text,
    because text not null,
    confirmation_id uuid,
    at timestamptz not null,
    unique (key, since)
  );
  create index deletion_at on deletion (at);
  create function deletion_is_append_only() returns trigger language plpgsql as
    $$ begin raise exception 'the record of deletions is append-only'; end $$;
  create trigger deletion_is_append_only before update or delete on deletion
    for each row execute function deletion_is_append_only();

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
  );

  create table confirmation (
    id uuid primary key,
    kind text not null default 'offboarding',
    digest text not null,
    hold text not null,
    why text not null,
    about text not null,
    stacks jsonb not null,
    policy jsonb,
    policy_text text,
    state text not null,
    opened_at timestamptz not null,
    expires_at timestamptz not null,
    decided_at timestamptz,
    decided_by text
  );
  create unique index confirmation_one_open on confirmation (kind, (hold = 'settings')) where state = 'open';

  -- The policy in force has the highest id.
  create table confirmed_policy (
    id bigint generated always as identity primary key,
    digest text not null,
    text text not null,
    confirmed_by text not null,
    confirmed_at timestamptz not null
  );`;
