import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { revokeLatencyMs } from '../../../../controlplane/remediations/latency.ts';
import type { Query } from '../../../../controlplane/store/database/database.ts';
import { metricsText } from '../../../../controlplane/telemetry/database-metrics.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { createMeter, metricsRegistry } from '../../../../controlplane/telemetry/metrics.ts';
import { remediation } from '../../../worlds/remediation-sample.ts';
import { samplesOf } from './samples.ts';

const log = makeLogger('silent');

describe('what a process counts', () => {
  test('stands in its registry, with what alerts ask about there from the start', async () => {
    const registry = new Registry();
    const meter = createMeter(registry);
    expect(samplesOf(await registry.metrics())).toMatchObject({
      'portcullis_remediations_total{outcome="failed",change="first"}': 0,
      'portcullis_remediations_total{outcome="failed",change="later"}': 0,
      'portcullis_runs_total{kind="reconcile",state="failed"}': 0,
    });
    meter.stack('up', 'region', 'failed', 7);
    meter.run('reconcile', 'failed');
    meter.reconciled('account', 'requeueAfter', 0.2);
    meter.throttled('Organizations', 'ListAccounts', 'organization');
    meter.remediation('remediated', 'later', 4200);
    meter.remediation('clean', 'first', undefined);
    meter.verified('verified', 12);
    expect(samplesOf(await registry.metrics())).toMatchObject({
      'portcullis_stack_operation_duration_seconds_sum{operation="up",kind="region",result="failed"}': 7,
      'portcullis_runs_total{kind="reconcile",state="failed"}': 1,
      'portcullis_reconcile_duration_seconds_count{kind="account",result="requeueAfter"}': 1,
      'portcullis_api_throttles_total{service="Organizations",operation="ListAccounts",scope="organization"}': 1,
      'portcullis_remediations_total{outcome="remediated",change="later"}': 1,
      'portcullis_remediations_total{outcome="clean",change="first"}': 1,
      portcullis_remediation_latency_seconds_count: 1,
      portcullis_remediation_latency_seconds_sum: 4.2,
      'portcullis_verification_duration_seconds_count{result="verified"}': 1,
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
    const asked: string[] = [];
    const scrape = scrapeOf((sql) => {
      asked.push(sql);
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
    expect(asked.length).toBeGreaterThanOrEqual(1 + 2);
    expect(asked, 'a question that is open is not asked again').toEqual([...new Set(asked)]);
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
