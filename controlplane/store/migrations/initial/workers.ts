/** The control planes that work on the database, the keys that they hold, and facts that all of them share. */
export const workerTables = `
  create table worker (
    id uuid primary key,
    host text not null,
    process_id integer not null,
    state_digest text not null,
    settings_digest text not null,
    started_at timestamptz not null,
    seen_at timestamptz not null
  );

  -- Tokens grow although the rows of released leases are deleted.
  create sequence lease_token;
  create table lease (
    key text primary key,
    owner uuid not null,
    token bigint not null,
    expires_at timestamptz not null,
    from_dead boolean not null default false,
    region text
  );
  create index lease_live on lease (expires_at);

  create table fact (
    name text primary key,
    value jsonb not null,
    updated_at timestamptz not null
  );`;
