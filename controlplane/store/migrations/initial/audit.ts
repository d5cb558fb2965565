/**
 * The audit log and its seals. The database refuses to change a line or a seal. One function removes what has expired and
 * is under a seal, and leaves a line of its own. No setting of a session allows removing what is younger than 30 days.
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

  create table audit_seal (
    after_id bigint not null unique,
    through_id bigint primary key check (through_id > after_id),
    lines integer not null,
    last_at timestamptz not null,
    previous text not null unique,
    hash text not null,
    sealed_at timestamptz not null
  );

  -- For both tables; its arguments are their columns of the id and the time.
  create function audit_is_append_only() returns trigger language plpgsql as $$
    declare removed_through bigint := nullif(current_setting('portcullis.retention', true), '')::bigint;
    begin
      if tg_op = 'DELETE' then
        if (to_jsonb(old)->>tg_argv[0])::bigint <= removed_through
          and (to_jsonb(old)->>tg_argv[1])::timestamptz < now() - interval '30 days' then return old; end if;
      end if;
      raise exception 'the audit log is append-only';
    end $$;
  create trigger audit_is_append_only before update or delete on audit
    for each row execute function audit_is_append_only('id', 'at');
  create trigger audit_is_not_truncated before truncate on audit
    for each statement execute function audit_is_append_only();
  create trigger audit_seal_is_append_only before update or delete on audit_seal
    for each row execute function audit_is_append_only('through_id', 'last_at');
  create trigger audit_seal_is_not_truncated before truncate on audit_seal
    for each statement execute function audit_is_append_only();

  create function audit_remove_expired(keep_days integer, service text, program text)
    returns bigint language plpgsql as $$
    declare
      expired timestamptz := now() - make_interval(days => keep_days);
      last audit_seal;
      gone bigint;
    begin
      if keep_days is null or keep_days < 30 then
        raise exception 'the audit log is kept for 30 days at least';
      end if;
      perform pg_advisory_xact_lock(6821005);
      select * into last from audit_seal
        where last_at < expired
          and through_id < coalesce((select min(through_id) from audit_seal where last_at >= expired), 9223372036854775807)
          and (after_id = (select min(after_id) from audit_seal)
            or through_id <= (select min(after_id) from audit_seal) + 100000)
        order by through_id desc limit 1;
      if not found then return 0; end if;
      perform set_config('portcullis.retention', last.through_id::text, true);
      delete from audit where id <= last.through_id;
      get diagnostics gone = row_count;
      delete from audit_seal where through_id <= last.through_id;
      perform set_config('portcullis.retention', '', true);
      perform pg_advisory_xact_lock_shared(6821006);
      insert into audit (at, who, what, details, service_version, program_version) values (
        now(), 'portcullis', 'retention applied',
        jsonb_build_object('of', 'audit', 'removed', gone, 'through', last.through_id::text, 'hash', last.hash, 'keptDays', keep_days),
        service, program);
      return gone;
    end $$;`;
