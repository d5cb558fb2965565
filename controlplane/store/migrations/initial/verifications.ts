/** Verifications, the canaries that they send, and what each cell's last ones showed. */
export const verificationTables = `
  create table verification (
    id uuid primary key,
    scope jsonb not null,
    requested_by text not null,
    created_at timestamptz not null,
    finished_at timestamptz
  );
  create index verification_open on verification (created_at) where finished_at is null;

  create table canary (
    id uuid primary key,
    verification_id uuid not null references verification (id) on delete cascade,
    account_id text not null,
    region text not null,
    intended_at timestamptz,
    group_id text,
    kind text,
    opened_at timestamptz,
    received_at timestamptz,
    result jsonb,
    state text not null,
    message text,
    milliseconds integer,
    recorded_milliseconds integer,
    ended_at timestamptz,
    removed_at timestamptz,
    holder text,
    held_until timestamptz
  );
  create index canary_verification on canary (verification_id);
  create index canary_open on canary (account_id, region) where ended_at is null;
  create index canary_left on canary (account_id, region) where intended_at is not null and removed_at is null;
  create index canary_group on canary (group_id);

  create table cell_verification (
    account_id text not null,
    region text not null,
    verified_at timestamptz,
    kind text,
    milliseconds integer,
    recorded_milliseconds integer,
    failed_at timestamptz,
    message text,
    primary key (account_id, region)
  );`;
