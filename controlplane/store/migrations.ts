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
];
