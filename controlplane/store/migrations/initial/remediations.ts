/** What the Lambda did, what was restored of it, and the exceptions that restores made. */
export const remediationTables = `
  -- received: every result of the event and group, where there is more than one.
  create table remediation (
    event_id text not null,
    group_id text not null,
    time timestamptz not null,
    account_id text not null,
    region text not null,
    outcome text not null,
    result jsonb not null,
    received jsonb,
    recorded_at timestamptz not null,
    primary key (event_id, group_id)
  );
  create index remediation_time on remediation (time, event_id, group_id);
  create index remediation_account on remediation (account_id, time, event_id, group_id);

  create table exception (
    name text primary key,
    exception jsonb not null,
    event_id text not null,
    group_id text not null,
    created_by text not null,
    created_at timestamptz not null,
    ended_at timestamptz,
    ended_by text
  );

  create table restore (
    id uuid primary key,
    event_id text not null,
    group_id text not null,
    account_id text not null,
    region text not null,
    state text not null,
    reason text,
    requested_by text not null,
    requested_at timestamptz not null,
    finished_at timestamptz
  );
  create index restore_remediation on restore (event_id, group_id);
  create table restore_rule (
    restore_id uuid not null references restore (id),
    rule_id text not null,
    exception_name text not null references exception (name),
    undo jsonb not null,
    restored_rule_id text,
    restored_at timestamptz,
    primary key (restore_id, rule_id)
  );`;
