import type { Query } from '../controlplane/store/database/database.ts';

/** So many active accounts with so many Regions each, all of them connected, covered and verified; made by the database. */
export async function fillFleet(query: Query, accounts: number, regions: number): Promise<void> {
  const ready = `jsonb_build_object('Ready', jsonb_build_object('status', 'True', 'reason', 'Succeeded',
    'message', 'as declared', 'since', '2026-03-02T09:15:00.000Z'), 'Drifted', jsonb_build_object('status', 'False',
    'reason', 'NoDrift', 'message', '', 'since', '2026-03-02T09:15:00.000Z'), 'Reconciling', jsonb_build_object(
    'status', 'False', 'reason', 'Idle', 'message', '', 'since', '2026-03-02T09:15:00.000Z'))`;
  const trail = `jsonb_build_object('covered', true, 'trailArn',
    'arn:aws:cloudtrail:eu-west-1:222222222222:trail/organization', 'kind', 'organization')`;
  await query(
    `insert into account (id, name, state, path, parents, unit_names, regions, conditions, seen_at, updated_at)
     select (300000000000 + n)::text, 'account-' || n, 'ACTIVE', 'Unit ' || n % 40, jsonb_build_array('r-root', 'ou-root-' || n % 40),
       jsonb_build_array('Unit ' || n % 40),
       (select jsonb_agg(jsonb_build_object('region', 'eu-west-' || r, 'trail', ${trail}) order by r) from generate_series(1, $2::int) r),
       ${ready} || jsonb_build_object('TrailsCovered', ${ready}->'Ready'), now(), now()
     from generate_series(1, $1::int) n`,
    [accounts, regions],
  );
  const columns =
    'key, kind, account_id, region, generation, conditions, release, program_version, updated_at';
  const made = `md5('generation'), ${ready}, md5('release'), md5('programs'), now()`;
  await query(
    `insert into stack (${columns})
     select 'hub', 'hub', '222222222222', null, ${made}
     union all select 'account-' || id, 'account', id, null, ${made} from account
     union all select 'region-' || id || '-eu-west-' || r, 'region', id, 'eu-west-' || r, ${made}
       from account, generate_series(1, $1::int) r`,
    [regions],
  );
  await query(
    `insert into cell_verification (account_id, region, verified_at, kind, milliseconds, recorded_milliseconds)
     select id, 'eu-west-' || r, timestamptz '2026-03-02T09:15:00Z' + r * interval '1 minute', 'end-to-end', 740, 910
     from account, generate_series(1, $1::int) r`,
    [regions],
  );
}
