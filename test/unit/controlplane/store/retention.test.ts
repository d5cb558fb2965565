import { expect } from 'vitest';
import { applyRetention, sealDue } from '../../../../controlplane/background/audit-keeper.ts';
import { removeExpired } from '../../../../controlplane/store/retention.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { auditStage, daysAgo, entry } from '../../../worlds/audit-stage.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { remediation } from '../../../worlds/remediation-sample.ts';

const stage = auditStage();
const ids = async (sql: string) =>
  (await stage.database.query<{ id: string }>(sql)).map(({ id }) => id).sort();

test('old runs, events and remediations go; what has not ended, was put back or is younger stays', async () => {
  const { query } = stage.database;
  const { store } = stage;
  const run = (id: string, finished: Date | null) =>
    query(
      `insert into run (id, kind, scope, only_changed, requested_by, state, created_at, finished_at)
       values ($1, 'reconcile', '{}', false, 'x', 'succeeded', $2, $3)`,
      [`00000000-0000-4000-8000-00000000000${id}`, daysAgo(200), finished],
    );
  await run('1', daysAgo(91));
  await run('2', daysAgo(89));
  await run('3', null);
  await query(`insert into run_stack (run_id, key, state) select id, 'hub', 'succeeded' from run`);
  for (const [id, days] of [
    ['old', 91],
    ['new', 89],
  ] as const) {
    await query(
      `insert into lifecycle_event (id, name, time, action, recorded_at) values ($1, 'x', now(), 'x', $2)`,
      [id, daysAgo(days)],
    );
  }
  for (const [eventId, days] of [
    ['expired', 401],
    ['put-back', 401],
    ['young', 399],
  ] as const) {
    await store.remediations.append(remediation({ eventId, groupId: 'sg-1' }));
    await query('update remediation set recorded_at = $2 where event_id = $1', [eventId, daysAgo(days)]);
  }
  await query(
    `insert into restore (id, event_id, group_id, account_id, region, state, requested_by, requested_at)
     values (gen_random_uuid(), 'put-back', 'sg-1', '1', 'x', 'restored', 'x', now())`,
  );
  for (const [id, state, days] of [
    ['f-ended', 'resolved', 401],
    ['f-young', 'resolved', 399],
    ['f-open', 'open', 401],
  ] as const) {
    await query(
      `insert into finding (id, account_id, region, group_id, ingress, protocol, source, policy_rule, policy_digest,
         mode, why, exceptions, exposure, exposure_why, addresses, first_seen, came_in, came_in_by, state, state_since)
       values ($1, '', '', '', '', '', '', '', '', '', '', '[]', 'unknown', '', '[]', now(), 'sweep', '', $2, $3)`,
      [id, state, daysAgo(days)],
    );
    await query(
      `insert into finding_change (finding_id, at, to_state, cause, cause_id, recorded_at)
       values ($1, now(), $2, 'sweep', '', $3), ($1, now(), $2, 'sweep', '', now())`,
      [id, state, daysAgo(days)],
    );
  }
  const missed = (group: string, state: 'missed' | 'announced' | 'suspected', judged: number | null) =>
    query(
      `insert into missed_event (account_id, region, group_id, ingress, sweep_id, state, after_at, found_at, due_at, judged_at)
       values ($1, 'eu-west-1', $2, '', gen_random_uuid(), $3, now(), now(), now(), $4)`,
      [group === 'left' ? '2' : '1', group, state, judged && daysAgo(judged)],
    );
  await store.accounts.seen(
    [{ id: '1', name: '', state: 'ACTIVE', joinedAt: undefined, path: '', parents: [], unitNames: [] }],
    await store.now(),
  );
  await store.accounts.setRegions('1', [{ region: 'eu-west-1' } as never]);
  await query(
    `insert into cell_verification (account_id, region, verified_at) values ('1', 'eu-west-1', $1)`,
    [daysAgo(402)],
  );
  await missed('verified since', 'missed', 403);
  await missed('announced', 'announced', 401);
  await missed('left', 'missed', 401);
  await missed('still not covered', 'missed', 401);
  await missed('young', 'announced', 399);
  await missed('suspected', 'suspected', null);
  const retention = { auditDays: 400, runDays: 90 };
  expect(await removeExpired(stage.database, retention)).toEqual({
    ...{ remediations: 1, runs: 1, 'lifecycle events': 1, findings: 1, 'finding changes': 1 },
    'missed events': 3,
  });
  expect(await ids('select right(id::text, 1) as id from run')).toEqual(['2', '3']);
  expect(await ids('select right(run_id::text, 1) as id from run_stack')).toEqual(['2', '3']);
  expect(await ids('select id from lifecycle_event')).toEqual(['new']);
  expect(await ids('select event_id as id from remediation')).toEqual(['put-back', 'young']);
  expect(await ids('select id from finding')).toEqual(['f-open', 'f-young']);
  expect(await ids('select finding_id as id from finding_change')).toEqual(['f-open', 'f-young', 'f-young']);
  expect(await ids('select group_id as id from missed_event')).toEqual([
    ...['still not covered', 'suspected', 'young'],
  ]);
  expect((await store.audit.list(10)).map(({ what, details }) => [what, details])).toEqual([
    ['retention applied', { of: 'lifecycle events', removed: 1, keptDays: 90 }],
    ['retention applied', { of: 'runs', removed: 1, keptDays: 90 }],
    ['retention applied', { of: 'missed events', removed: 3, keptDays: 400 }],
    ['retention applied', { of: 'finding changes', removed: 1, keptDays: 400 }],
    ['retention applied', { of: 'findings', removed: 1, keptDays: 400 }],
    ['retention applied', { of: 'remediations', removed: 1, keptDays: 400 }],
  ]);
  await removeExpired(stage.database, retention);
  await removeExpired(stage.database, {});
  expect(await store.audit.list(10)).toHaveLength(6);
});

test('the standing service seals lines once they are old enough, says the hash, and removes what has expired', async () => {
  const said: string[] = [];
  const log = makeLogger('info', [], { write: (line) => said.push(line) });
  const { database, store } = stage;
  await database.query('delete from remediation');
  const context = { audit: store.audit, log };
  await store.audit.append(entry({ n: 'young' }));
  await sealDue(context, 3600);
  expect(await store.audit.check()).toMatchObject({ seals: 0, unsealed: 1 });
  await stage.asSuperuser('delete from audit');
  await stage.old(31);
  await sealDue(context, 0);
  await applyRetention(context, database, { auditDays: 30 });
  const lines = await store.audit.list(10);
  expect(lines).toMatchObject([{ what: 'retention applied', details: { of: 'audit', removed: 1 } }]);
  expect(said.map((line) => JSON.parse(line))).toMatchObject([
    { msg: 'audit sealed', lines: 1, hash: lines[0]?.details.hash },
    { msg: 'retention applied', removed: { 'audit lines': 1 } },
  ]);
});
