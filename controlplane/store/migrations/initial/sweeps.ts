/**
 * Sweeps with what each read, and what a sweep leaves to do: groups to hand to the Lambda, findings to report to
 * Security Hub, and events that may have been missed. Each of these rows is written with the reading that it is of.
 */
export const sweepTables = `
  -- slot_seconds: how far apart the accounts of a scheduled sweep are begun; 0 for one that was requested.
  create table sweep (
    id uuid primary key,
    scope jsonb not null,
    requested_by text not null,
    scheduled boolean not null,
    state text not null,
    policy_digest text not null,
    slot_seconds double precision not null,
    created_at timestamptz not null,
    finished_at timestamptz
  );
  create index sweep_listed on sweep (created_at, id);
  create unique index sweep_scheduled on sweep (scheduled) where scheduled and finished_at is null;

  -- Without a Region it is the account itself: its Regions are listed, and become rows of their own.
  create table sweep_cell (
    sweep_id uuid not null references sweep (id) on delete cascade,
    account_id text not null,
    region text not null,
    state text not null,
    reason text,
    groups integer,
    findings integer,
    undecided integer,
    policy_digest text,
    attempts integer not null default 0,
    worker uuid,
    held_until timestamptz,
    due_at timestamptz not null,
    read_at timestamptz,
    ended_at timestamptz,
    primary key (sweep_id, account_id, region)
  );
  create index sweep_cell_waiting on sweep_cell (sweep_id, due_at, account_id, region) where state = 'waiting';
  create index sweep_cell_held on sweep_cell (worker) where worker is not null;
  create index sweep_cell_read on sweep_cell (account_id, region, read_at) where state = 'done' and region <> '';

  create table sweep_remediation (
    sweep_id uuid not null references sweep (id) on delete cascade,
    account_id text not null,
    region text not null,
    group_id text not null,
    attempts integer not null default 0,
    due_at timestamptz not null,
    sent_at timestamptz,
    reason text,
    primary key (sweep_id, account_id, region, group_id)
  );
  create index sweep_remediation_due on sweep_remediation (due_at) where sent_at is null;

  create table security_hub_import (
    account_id text not null,
    region text not null,
    id text not null,
    finding jsonb not null,
    attempts integer not null default 0,
    due_at timestamptz not null,
    primary key (account_id, region, id)
  );
  create index security_hub_import_due on security_hub_import (due_at);

  -- An offence that no event announced: suspected until the event had time to arrive.
  create table missed_event (
    account_id text not null,
    region text not null,
    group_id text not null,
    ingress text not null,
    sweep_id uuid not null,
    state text not null,
    after_at timestamptz not null,
    found_at timestamptz not null,
    opened_by jsonb,
    hop text,
    message text,
    due_at timestamptz not null,
    judged_at timestamptz,
    primary key (account_id, region, group_id, ingress, found_at)
  );
  create index missed_event_due on missed_event (due_at) where state = 'suspected';
  create index missed_event_cell on missed_event (account_id, region, judged_at) where state = 'missed';`;
