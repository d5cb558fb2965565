import type { Database } from '../controlplane/store/database/database.ts';
import { foldCounts } from '../controlplane/store/findings/counts.ts';

const batch = 50_000;

/**
 * So many findings of so many accounts in 17 Regions, made by the database: one of a hundred in one account of the
 * accounts, 40 % in one Region, half of them from the first day, an owner for four of five.
 */
export async function fillFindings(
  database: Database,
  rows: number,
  accounts: number,
  progress: (line: string) => void,
): Promise<void> {
  const { query } = database;
  await query('select setseed(0.5)');
  for (let from = 1; from <= rows; from += batch) {
    await query(
      `insert into finding (id, account_id, region, group_id, ingress, protocol, from_port, to_port, source, group_name,
         vpc_id, rule_id, policy_rule, policy_digest, severity, mode, why, exceptions, exposure, exposure_why, addresses,
         owner_by, owner_tag, owner, first_seen, came_in, came_in_by, state, state_since, seen_at, seen_state,
         seen_rule_id, absent_at, gone_at, gone_rule_id)
       select 'f-' || left(md5(n::text), 20), account, region, 'sg-' || left(md5(n::text), 17), 'tcp 22 22 0.0.0.0/0', 'tcp', 22, 22,
         '0.0.0.0/0', 'web', 'vpc-1', 'sgr-' || n, 'rule-' || rule, md5('policy'), severity, 'revoke', '0.0.0.0/0 is public',
         '[]', exposure, 'read by the sweep', '[]', case when owner is not null then 'group-tag' end,
         case when owner is not null then 'team' end, owner, seen, 'sweep', 's', state, seen, now(),
         case state when 'excepted' then 'excepted' else 'open' end, 'sgr-' || n,
         case when state = 'resolved' then now() end, case when state = 'remediated' then now() end,
         case when state = 'remediated' then 'sgr-' || n end
       from (
         select n, (300000000001 + case when a < 0.01 then 0 else floor(random() * $3::int) end)::bigint::text as account,
           'eu-west-' || case when r < 0.4 then 1 when r < 0.995 then 2 + floor(random() * 15)::int else 17 end as region,
           case when p < 0.4 then 0 when p < 0.998 then 1 + floor(random() * 8)::int else 9 end as rule,
           case when s < 0.1 then 'critical' when s < 0.35 then 'high' when s < 0.75 then 'medium' when s < 0.95 then 'low' end
             as severity,
           case when e < 0.08 then 'reachable' when e < 0.3 then 'attached' when e < 0.6 then 'unattached' else 'unknown' end
             as exposure,
           case when t < 0.6 then 'open' when t < 0.65 then 'excepted' when t < 0.8 then 'remediated' else 'resolved' end as state,
           case when o < 0.8 then 'team-' || floor(random() * 300)::int end as owner,
           now() - case when d < 0.5 then interval '400 days' else random() * interval '400 days' end as seen
         from (select n, random() a, random() r, random() p, random() s, random() e, random() t, random() o, random() d
           from generate_series($1::int, $2::int) n) as drawn
       ) as made`,
      [from, Math.min(from + batch - 1, rows), accounts],
    );
    await foldCounts(database);
    progress(`${Math.min(from + batch - 1, rows)} findings made`);
  }
}
