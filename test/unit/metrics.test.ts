import { Registry } from 'prom-client';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeLogger } from '../../controlplane/log.ts';
import { createMeter, metricsRegistry } from '../../controlplane/metrics.ts';
import { metricsText } from '../../controlplane/metrics-database.ts';
import { revokeLatencyMs } from '../../controlplane/remediation-latency.ts';
import { keyQueue } from '../../controlplane/scheduler/key-queue.ts';
import type { Database, Query } from '../../controlplane/store/database.ts';
import { openStore } from '../../controlplane/store/store.ts';
import { onBothDatabases } from './database.ts';
import { remediation } from './remediation-sample.ts';

const log = makeLogger('silent');

/** The samples of a text of metrics, by name and labels. */
const samplesOf = (text: string) =>
  Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );

describe('what a process counts', () => {
  test('stands in its registry, with what alerts ask about there from the start', async () => {
    const registry = new Registry();
    const meter = createMeter(registry);
    expect(samplesOf(await registry.metrics())).toMatchObject({
      'portcullis_remediations_total{outcome="failed"}': 0,
      'portcullis_runs_total{kind="reconcile",state="failed"}': 0,
    });
    meter.stack('up', 'region', 'failed', 7);
    meter.run('reconcile', 'failed');
    meter.reconciled('account', 'wait', 0.2);
    meter.throttled('Organizations', 'ListAccounts', 'organization');
    meter.remediation('remediated', 4200);
    meter.remediation('clean', undefined);
    meter.verified('proven', 12);
    expect(samplesOf(await registry.metrics())).toMatchObject({
      'portcullis_stack_operation_duration_seconds_sum{operation="up",kind="region",result="failed"}': 7,
      'portcullis_runs_total{kind="reconcile",state="failed"}': 1,
      'portcullis_reconcile_duration_seconds_count{kind="account",verdict="wait"}': 1,
      'portcullis_api_throttles_total{service="Organizations",operation="ListAccounts",scope="organization"}': 1,
      'portcullis_remediations_total{outcome="remediated"}': 1,
      'portcullis_remediations_total{outcome="clean"}': 1,
      portcullis_remediation_latency_seconds_count: 1,
      portcullis_remediation_latency_seconds_sum: 4.2,
      'portcullis_verification_duration_seconds_count{result="proven"}': 1,
    });
  });

  test('two registries of one process know nothing of each other', async () => {
    const [one, other] = [metricsRegistry('1'), metricsRegistry('2')];
    createMeter(one).run('reconcile', 'failed');
    createMeter(other);
    expect(samplesOf(await other.metrics())).toMatchObject({
      'portcullis_runs_total{kind="reconcile",state="failed"}': 0,
      'portcullis_build_info{version="2"}': 1,
    });
  });
});

describe("a remediation's latency", () => {
  const of = (eventTime: string | null, revokedAt: string | null) =>
    revokeLatencyMs(remediation({ timeline: { eventTime, receivedAt: '2026-03-02T09:15:09Z', revokedAt } }));

  test("is from CloudTrail's time of the call to the revoke, and never negative", () => {
    expect(of('2026-03-02T09:15:00Z', '2026-03-02T09:15:09.250Z')).toBe(9250);
    expect(of('2026-03-02T09:15:10Z', '2026-03-02T09:15:09.250Z')).toBe(0);
  });

  test('is not known where nothing was revoked, no call was seen, or its time is unreadable', () => {
    expect(of('2026-03-02T09:15:00Z', null)).toBeUndefined();
    expect(of(null, '2026-03-02T09:15:09Z')).toBeUndefined();
    expect(of('yesterday', '2026-03-02T09:15:09Z')).toBeUndefined();
  });
});

describe('a database that does not answer', () => {
  const registry = () => {
    const own = new Registry();
    createMeter(own).run('reconcile', 'succeeded');
    return own;
  };
  const scrapeOf = (query: Query, timeoutMs: number) =>
    metricsText({ registry: registry(), database: { query }, log, timeoutMs });

  test('hangs no scrape: what is counted here comes, what could not be read is left out and counted', async () => {
    let asked = 0;
    const scrape = scrapeOf(() => {
      asked += 1;
      return new Promise(() => undefined);
    }, 50);
    const samples = samplesOf(await scrape());
    expect(samples).toMatchObject({
      'portcullis_runs_total{kind="reconcile",state="succeeded"}': 1,
      'portcullis_scrape_errors_total{reading="queue"}': 1,
      'portcullis_scrape_errors_total{reading="audit"}': 1,
    });
    expect(Object.keys(samples).filter((name) => /_queue|_stacks\{|_cells/.test(name))).toEqual([]);
    await scrape();
    await scrape();
    expect(asked, 'a question that is open is not asked again').toBe(1 + 2);
  });

  test('that refuses one reading loses the others nothing', async () => {
    const scrape = scrapeOf(async <Row>(sql: string) => {
      if (sql.includes('from worker')) throw new Error('no such table');
      return (sql.includes('from lease') ? [{ held: 3, expired: null }] : []) as Row[];
    }, 1000);
    const samples = samplesOf(await scrape());
    expect(samples).toMatchObject({
      portcullis_leases_held: 3,
      'portcullis_scrape_errors_total{reading="workers"}': 1,
      'portcullis_scrape_errors_total{reading="leases"}': 0,
    });
    expect(samples).not.toHaveProperty('portcullis_leases_expired');
    expect(samples).not.toHaveProperty('portcullis_workers');
  });
});

onBothDatabases((place) => {
  let database: Database;
  beforeEach(async (context) => {
    place.need(context);
    database = await place.open();
  }, 60_000);
  const condition = (type: string, status: string) => JSON.stringify({ [type]: { status } });
  const scrape = async () =>
    samplesOf(await metricsText({ registry: new Registry(), database, log, timeoutMs: 10_000 })());

  test('stacks, cells, leases, runs and the audit log are counted as they are, none of them left out', async () => {
    const { query } = database;
    await query(`insert into stack (key, kind, account_id, conditions, updated_at) values
      ('hub', 'hub', '1', '${condition('Ready', 'True')}', now()),
      ('account-1', 'account', '1', '${condition('Stalled', 'True')}', now()),
      ('region-1-a', 'region', '1', '${condition('Ready', 'False')}', now()),
      ('region-1-b', 'region', '1', '${condition('Drifted', 'True')}', now())`);
    const regions = (...covered: (boolean | string)[]) =>
      JSON.stringify(covered.map((each, n) => ({ region: `r${n}`, trail: { covered: each } })));
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
    await query(`insert into lease (key, owner, token, expires_at) values
      ('hub', gen_random_uuid(), 1, now() + interval '1 minute'), ('x', gen_random_uuid(), 1, now() - interval '1 minute')`);
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
      portcullis_audit_unsealed_lines: 0,
    });
    expect(samples.portcullis_organization_read_age_seconds).toBeGreaterThan(3590);
    const failed = Object.entries(samples).filter(
      ([name, value]) => name.includes('scrape_errors') && value > 0,
    );
    expect(failed.map(([name]) => name)).toEqual(['portcullis_scrape_errors_total{reading="queue"}']);
  });

  test('keys that wait are counted by when they are due, with how long the oldest has waited', async () => {
    const queue = keyQueue(database, log);
    await queue.start();
    try {
      await queue.wake(['hub', 'organization']);
      await queue.later([{ key: 'account-300000000001', afterMs: 3_600_000 }]);
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
      await queue.fetch(1);
      expect(await scrape()).toMatchObject({
        'portcullis_queue_waiting{queue="key"}': 1,
        'portcullis_queue_active{queue="key"}': 1,
      });
    } finally {
      await queue.stop();
    }
  });
});
