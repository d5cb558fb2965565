import { Registry } from 'prom-client';
import { expect } from 'vitest';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { keyQueue } from '../../../../controlplane/queue/key-queue.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { openStore } from '../../../../controlplane/store/store.ts';
import { metricsText } from '../../../../controlplane/telemetry/database-metrics.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { samplesOf } from './samples.ts';

const log = makeLogger('silent');

let database: Database;
test.beforeEach(async ({ database: given }) => {
  database = given;
}, 60_000);
const condition = (type: string, status: string, reason = '') =>
  JSON.stringify({ [type]: { status, reason } });
const regions = (...covered: (boolean | string)[]) =>
  JSON.stringify(covered.map((each, n) => ({ region: `r${n}`, trail: { covered: each } })));
const scrape = async () =>
  samplesOf(await metricsText({ registry: new Registry(), database, log, timeoutMs: 10_000 })());

test('stacks, cells, leases, runs and the audit log are counted as they are, none of them left out', async () => {
  const { query } = database;
  await query(`insert into stack (key, kind, account_id, conditions, updated_at) values
    ('hub', 'hub', '1', '${condition('Ready', 'True')}', now()),
    ('account-1', 'account', '1', '${condition('Stalled', 'True')}', now()),
    ('region-1-a', 'region', '1', '${condition('Ready', 'False')}', now()),
    ('region-1-b', 'region', '1', '${condition('Drifted', 'True')}', now())`);
  for (const [id, state, trails] of [
    ['1', 'ACTIVE', regions(true, true, false)],
    ['2', 'ACTIVE', regions(true, 'unknown')],
    ['3', 'DEPARTED', regions(true)],
  ]) {
    await query(
      `insert into account (id, name, state, path, parents, regions, seen_at, updated_at)
       values ($1, $1, $2, '', '[]', $3, now() - interval '1 hour', now())`,
      [id, state, trails],
    );
  }
  await query('drop schema queue cascade'); // no worker has made it yet
  await query(`insert into lease (key, owner, token, expires_at) values
    ('hub', gen_random_uuid(), 1, now() + interval '1 minute'), ('x', gen_random_uuid(), 1, now() - interval '1 minute'),
    ('released', gen_random_uuid(), 1, '-infinity')`);
  await openStore(database).runs.createUnlessWaiting({
    ...{ kind: 'reconcile', scope: {}, onlyChanged: true, requestedBy: 'a test' },
  });
  const samples = await scrape();
  expect(samples).toMatchObject({
    'portcullis_stacks{kind="hub",ready="True"}': 1,
    'portcullis_stacks{kind="account",ready="Unknown"}': 1,
    'portcullis_stacks{kind="region",ready="False"}': 1,
    'portcullis_stacks{kind="region",ready="Unknown"}': 1,
    'portcullis_stacks{kind="region",ready="True"}': 0,
    'portcullis_stacks_stalled{kind="account"}': 1,
    'portcullis_stacks_drifted{kind="region"}': 1,
    'portcullis_cells{covered="true"}': 3,
    'portcullis_cells{covered="false"}': 1,
    'portcullis_cells{covered="unknown"}': 1,
    'portcullis_accounts_with_cells{covered="true"}': 2,
    'portcullis_accounts{ready="Unknown"}': 2,
    portcullis_leases_held: 1,
    portcullis_leases_expired: 1,
    'portcullis_runs_unfinished{state="queued"}': 1,
    portcullis_confirmations_open: 0,
    portcullis_audit_unsealed_lines: 1,
  });
  expect(samples.portcullis_organization_read_age_seconds).toBeGreaterThan(3590);
  const failed = Object.entries(samples).filter(
    ([name, value]) => name.includes('scrape_errors') && value > 0,
  );
  expect(failed.map(([name]) => name)).toEqual([
    'portcullis_scrape_errors_total{reading="queue"}',
    'portcullis_scrape_errors_total{reading="work"}',
  ]);
});

test('an edit that lowers the policy counts apart from deletions, by what became of it', async () => {
  const asked = (id: number, kind: string, state: string) => `(
    '00000000-0000-4000-8000-00000000000${id}', 'd', 'policy', '', '', '[]', '${state}', now(), now(), '${kind}')`;
  await database.query(`insert into confirmation
    (id, digest, hold, why, about, stacks, state, opened_at, expires_at, kind) values
    ${[asked(1, 'policy-mode', 'open'), asked(2, 'policy-mode', 'refused'), asked(3, 'offboarding', 'open')]}`);
  expect(await scrape()).toMatchObject({
    'portcullis_policy_held{state="open"}': 1,
    'portcullis_policy_held{state="refused"}': 1,
    portcullis_confirmations_open: 1,
  });
  await database.query('truncate confirmation');
  expect(await scrape()).toMatchObject({
    'portcullis_policy_held{state="open"}': 0,
    'portcullis_policy_held{state="refused"}': 0,
  });
});

test('an account that left or is out of scope does not count, with any last known state', async () => {
  const { query } = database;
  for (const [id, state, conditions, trails] of [
    ['1', 'ACTIVE', condition('Ready', 'True'), regions(true, true, true)],
    ['2', 'ACTIVE', condition('Ready', 'False', 'OutOfScope'), regions(false)],
    ['3', 'DEPARTED', condition('Ready', 'False', 'Departed'), regions(true)],
    ['4', 'ACTIVE', condition('Ready', 'False', 'Failed'), regions(true)],
  ]) {
    await query(
      `insert into account (id, name, state, path, parents, conditions, regions, seen_at, updated_at)
       values ($1, $1, $2, '', '[]', $3, $4, now(), now())`,
      [id, state, conditions, trails],
    );
  }
  await query(`insert into cell_verification (account_id, region, verified_at, failed_at) values
    ('1', 'r0', now() - interval '1 hour', null), ('1', 'r1', null, now()),
    ('1', 'gone', now() - interval '9 days', now()), ('2', 'r0', now() - interval '9 days', now()),
    ('3', 'r0', now() - interval '9 days', now())`);
  const samples = await scrape();
  expect(samples).toMatchObject({
    'portcullis_accounts{ready="True"}': 1,
    'portcullis_accounts{ready="False"}': 1,
    'portcullis_cells{covered="true"}': 4,
    'portcullis_cells{covered="false"}': 0,
    portcullis_cells_verified: 1,
    portcullis_cells_verification_failing: 1,
    portcullis_cells_never_verified: 1,
  });
  expect(samples.portcullis_cells_oldest_verification_seconds).toBeGreaterThan(3590);
  expect(samples.portcullis_cells_oldest_verification_seconds).toBeLessThan(3700);
});

test('keys that wait are counted by when they are due, with how long the oldest has waited', async () => {
  const queue = keyQueue(database, openBoss(database, log), log);
  await queue.start();
  try {
    await queue.enqueue(['hub', 'organization']);
    await queue.enqueueAfter([{ key: 'account-300000000001', afterMs: 3_600_000 }]);
    await database.query(
      `update queue.job set created_on = now() - interval '90 s', start_after = now() - interval '60 s'
       where singleton_key = 'hub'`,
    );
    const before = await scrape();
    expect(before).toMatchObject({
      'portcullis_queue_waiting{queue="key"}': 2,
      'portcullis_queue_later{queue="key"}': 1,
      'portcullis_queue_active{queue="key"}': 0,
    });
    expect(before['portcullis_queue_oldest_waiting_seconds{queue="key"}']).toBeGreaterThan(59);
    expect(before['portcullis_queue_oldest_waiting_seconds{queue="key"}']).toBeLessThan(85);
    expect(before['portcullis_queue_oldest_active_seconds{queue="key"}']).toBe(0);
    await queue.fetch(1);
    const after = await scrape();
    expect(after).toMatchObject({
      'portcullis_queue_waiting{queue="key"}': 1,
      'portcullis_queue_active{queue="key"}': 1,
    });
    expect(after['portcullis_queue_oldest_active_seconds{queue="key"}']).toBeLessThan(25);
  } finally {
    await queue.stop();
  }
});

test('a key is worked on since it was taken, one whose operation outlived a worker since that was begun', async () => {
  const queue = keyQueue(database, openBoss(database, log), log);
  await queue.start();
  const oldest = async () => (await scrape())['portcullis_queue_oldest_active_seconds{queue="key"}'];
  try {
    await queue.enqueue(['region-300000000001-r0', 'region-300000000001-r1']);
    await queue.fetch(10);
    await database.query(
      `update queue.job set started_on = now() - interval '10 minutes' where singleton_key = 'region-300000000001-r1'`,
    );
    expect(await oldest()).toBeGreaterThan(599);
    expect(await oldest()).toBeLessThan(660);
    await database.query(`insert into stack (key, kind, account_id, operation_started_at, updated_at) values
      ('region-300000000001-r0', 'region', '300000000001', now() - interval '1 hour', now()),
      ('region-300000000001-r2', 'region', '300000000001', now() - interval '1 day', now())`);
    expect(await oldest()).toBeGreaterThan(3599);
    expect(await oldest()).toBeLessThan(3660);
  } finally {
    await queue.stop();
  }
});
