/**
 * The audit log and its seals. The database refuses to change a line or a seal. A transaction that applies the retention
 * sets the last line that it may remove; no setting of a session allows removing what is younger than 30 days.
 */
export const auditTables = `
  create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null,
    who text not null,
    what text not null,
    details jsonb not null,
    once text unique,
    service_version text,
    program_version text,
    account_id text generated always as (
      coalesce(details->>'account', substring(details->>'key' from '^(?:account|region)-([0-9]{12})'))
    ) stored
  );
  create index audit_account on audit (account_id, id) where account_id is not null;
  create index audit_at on audit (at);

  -- Its id is the id of its last line, and its time that of its newest line, so that one trigger guards both tables.
  create table audit_seal (
    id bigint primary key check (id > after_id),
    at timestamptz not null,
    after_id bigint not null unique,
    lines integer not null,
    previous text not null,
    hash text not null
  );
  create view audit_unsealed as
    select * from audit where id > (select coalesce(max(id), 0) from audit_seal);

  create function audit_is_append_only() returns trigger language plpgsql as $$
    declare removed_through bigint := nullif(current_setting('portcullis.retention', true), '')::bigint;
    begin
      if tg_op = 'DELETE' then
        if old.id <= removed_through and old.at < now() - interval '30 days' then return old; end if;
      end if;
      raise exception 'the audit log is append-only';
    end $$;
  create trigger audit_is_append_only before update or delete on audit
    for each row execute function audit_is_append_only();
  create trigger audit_is_not_truncated before truncate on audit
    for each statement execute function audit_is_append_only();
  create trigger audit_seal_is_append_only before update or delete on audit_seal
    for each row execute function audit_is_append_only();
  create trigger audit_seal_is_not_truncated before truncate on audit_seal
    for each statement execute function audit_is_append_only();`;
