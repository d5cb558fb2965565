import { auditMigration } from './audit.ts';
import { coverageMigration } from './coverage.ts';
import { evidenceMigration } from './evidence.ts';
import { offboardingMigration } from './offboarding.ts';
import { policyMigration } from './policy.ts';
import { verificationMigration } from './proof.ts';
import { schedulerMigration } from './queue.ts';
import { scopeMigration } from './scope.ts';

/** Forward-only schema changes, applied in order, each once; the same on PGlite and Postgres. Never edit one. */
export const migrations: readonly string[] = [
  `create table account (
     id text primary key,
     name text not null,
     state text not null,
     path text not null,
     parents jsonb not null,
     joined_at timestamptz,
     regions jsonb not null default '[]',
     conditions jsonb not null default '{}',
     seen_at timestamptz not null,
     updated_at timestamptz not null
   );
   create table stack (
     key text primary key,
     kind text not null,
     account_id text not null,
     region text,
     generation text,
     conditions jsonb not null default '{}',
     operation_started_at timestamptz,
     updated_at timestamptz not null
   );
   create table run (
     id uuid primary key,
     kind text not null,
     scope jsonb not null,
     only_changed boolean not null,
     requested_by text not null,
     state text not null,
     message text,
     created_at timestamptz not null,
     started_at timestamptz,
     finished_at timestamptz
   );
   create table run_stack (
     run_id uuid not null references run (id),
     key text not null,
     state text not null,
     changes jsonb not null default '[]',
     drift jsonb not null default '[]',
     message text,
     started_at timestamptz,
     finished_at timestamptz,
     primary key (run_id, key)
   );
   create table remediation (
     event_id text not null,
     group_id text not null,
     time timestamptz not null,
     account_id text not null,
     region text not null,
     outcome text not null,
     result jsonb not null,
     recorded_at timestamptz not null,
     primary key (event_id, group_id)
   );
   create index remediation_time on remediation (time desc);
   create table lifecycle_event (
     id text primary key,
     name text not null,
     account_id text,
     time timestamptz not null,
     action text not null,
     recorded_at timestamptz not null
   );`,
  // A scope may name thousands of accounts, more than an index entry holds.
  `create unique index run_waiting on run (kind, only_changed, md5(scope::text)) where state = 'queued';`,
  `alter table account add column unit_names jsonb not null default '[]';
   alter table account add column tags jsonb;
   alter table account add column tags_read_at timestamptz;
   alter table stack add column exceptions jsonb not null default '[]';
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
   );
   create table audit (
     id bigint generated always as identity primary key,
     at timestamptz not null,
     who text not null,
     what text not null,
     details jsonb not null,
     once text unique
   );
   create function audit_is_append_only() returns trigger language plpgsql as
     $$ begin raise exception 'the audit log is append-only'; end $$;
   create trigger audit_is_append_only before update or delete on audit
     for each row execute function audit_is_append_only();`,
  schedulerMigration,
  auditMigration,
  verificationMigration,
  offboardingMigration,
  coverageMigration,
  scopeMigration,
  evidenceMigration,
  policyMigration,
];
