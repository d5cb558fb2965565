/**
 * The list of findings, its history, and the newest complete reading of each cell and group. How the columns of the
 * readings give the state: controlplane/store/findings/merge.ts.
 */
export const findingTables = `
  create table finding (
    id text primary key,
    account_id text not null,
    region text not null,
    group_id text not null,
    ingress text not null,
    protocol text not null,
    from_port integer,
    to_port integer,
    source text not null,
    group_name text,
    vpc_id text,
    rule_id text,
    policy_rule text not null,
    policy_digest text not null,
    severity text,
    -- The most severe first.
    severity_order smallint not null generated always as (
      case severity when 'critical' then 0 when 'high' then 1 when 'medium' then 2 when 'low' then 3 else 4 end) stored,
    mode text not null,
    why text not null,
    exceptions jsonb not null,
    exposure text not null,
    exposure_why text not null,
    addresses jsonb not null,
    exposure_read_at timestamptz,
    owner_by text,
    owner_tag text,
    owner text,
    owner_read_at timestamptz,
    opened_by jsonb,
    first_seen timestamptz not null,
    came_in text not null,
    came_in_by text not null,
    state text not null,
    state_since timestamptz not null,
    -- The newest reading that listed it, the newest revoke or deletion, and the newest reading that did not list it.
    seen_at timestamptz,
    seen_state text,
    seen_rule_id text,
    gone_at timestamptz,
    gone_rule_id text,
    absent_at timestamptz
  ) with (fillfactor = 80);
  create index finding_listed on finding (severity_order, first_seen, id);
  -- The included columns are what is counted, without a read of the table.
  create index finding_age on finding (first_seen, id)
    include (region, policy_rule, state, severity_order, exposure);
  create index finding_of_cell on finding (account_id, region, group_id, id);
  create index finding_of_account on finding (account_id, severity_order, first_seen, id)
    include (region, policy_rule, owner, state, exposure);
  create index finding_of_region on finding (region, severity_order, first_seen, id);
  create index finding_of_rule on finding (policy_rule, severity_order, first_seen, id);
  create index finding_of_owner on finding (owner, severity_order, first_seen, id);
  create index finding_in_state on finding (state, severity_order, first_seen, id);
  create index finding_ended on finding (state_since) where state in ('remediated', 'resolved');

  create table finding_change (
    id bigint generated always as identity primary key,
    finding_id text not null,
    at timestamptz not null,
    from_state text,
    to_state text not null,
    cause text not null,
    cause_id text not null,
    recorded_at timestamptz not null
  );
  create index finding_change_of on finding_change (finding_id, id);
  create index finding_change_recorded on finding_change (recorded_at);

  -- The newest complete reading. undecided: what it could not evaluate, each with the newest absence before.
  create table finding_cell (
    account_id text not null,
    region text not null,
    read_at timestamptz,
    sweep_id text,
    policy_digest text,
    groups integer,
    undecided jsonb not null default '{}',
    primary key (account_id, region)
  );
  -- The newest event result that read a whole group without an offence; the next reading of the cell replaces it.
  create table finding_group (
    account_id text not null,
    region text not null,
    group_id text not null,
    clean_at timestamptz not null,
    primary key (account_id, region, group_id)
  );

  -- How many findings there are: all of them by the month of the first reading (UTC), and by its day; by account; by owner;
  -- by policy rule and month; by Region, policy rule and month. Every statement that changes findings appends to finding_count_change, so that no two wait for each other; from
  -- time to time the changes are added to finding_count. The two together are right at any time.
  create table finding_count (
    grain text not null,
    key text not null,
    rule text not null,
    month text not null,
    state text not null,
    severity_order smallint not null,
    exposure text not null,
    count bigint not null,
    -- The counts of a unit's accounts are far apart in the table: with the number included, they are read from the index alone.
    primary key (grain, key, rule, month, state, severity_order, exposure) include (count)
  );
  create table finding_count_change (
    grain text not null,
    key text not null,
    rule text not null,
    month text not null,
    state text not null,
    severity_order smallint not null,
    exposure text not null,
    count bigint not null
  );

  create function finding_counted(finding, integer) returns table (
    grain text, key text, rule text, month text, state text, severity_order smallint, exposure text, count bigint
  ) language sql immutable as $$
    select part.grain, part.key, part.rule, part.month, $1.state, $1.severity_order, $1.exposure, $2::bigint from (values
      ('all', '', '', to_char($1.first_seen at time zone 'UTC', 'YYYY-MM')), ('account', $1.account_id, '', ''), ('owner', $1.owner, '', ''),
      ('rule', $1.policy_rule, '', to_char($1.first_seen at time zone 'UTC', 'YYYY-MM')),
      ('day', to_char($1.first_seen at time zone 'UTC', 'YYYY-MM-DD'), '', ''),
      ('region', $1.region, $1.policy_rule, to_char($1.first_seen at time zone 'UTC', 'YYYY-MM'))
    ) as part (grain, key, rule, month)
    where part.key is not null $$;
  create function finding_count_changed() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' then
        insert into finding_count_change select part.grain, part.key, part.rule, part.month, part.state, part.severity_order, part.exposure,
          sum(part.count) from added, finding_counted(added.*::finding, 1) as part group by 1, 2, 3, 4, 5, 6, 7;
      elsif tg_op = 'DELETE' then
        insert into finding_count_change select part.grain, part.key, part.rule, part.month, part.state, part.severity_order, part.exposure,
          sum(part.count) from removed, finding_counted(removed.*::finding, -1) as part group by 1, 2, 3, 4, 5, 6, 7;
      else
        insert into finding_count_change select grain, key, rule, month, state, severity_order, exposure, sum(count) from (
          select part.* from added, finding_counted(added.*::finding, 1) as part
          union all select part.* from removed, finding_counted(removed.*::finding, -1) as part) as both_sides
        group by 1, 2, 3, 4, 5, 6, 7 having sum(count) <> 0;
      end if;
      return null;
    end $$;
  create trigger finding_added after insert on finding referencing new table as added
    for each statement execute function finding_count_changed();
  create trigger finding_changed after update on finding referencing old table as removed new table as added
    for each statement execute function finding_count_changed();
  create trigger finding_removed after delete on finding referencing old table as removed
    for each statement execute function finding_count_changed();`;
