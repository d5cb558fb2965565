import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test, vi } from 'vitest';
import { rendered } from '../../../bench/cost/document.ts';
import {
  configWithAutomation,
  costOf,
  firewallManager,
  portcullis,
  products,
  securityResponse,
  totalOf,
} from '../../../bench/cost/lines.ts';
import { prices, sources } from '../../../bench/cost/prices.ts';
import { givens, quantitiesOf, rates, sizes } from '../../../bench/cost/quantities.ts';
import { dollars, priced } from '../../../bench/cost/tables.ts';
import { median } from '../../../bench/figures.ts';
import type { Ledger } from '../../../lambda/ledger/ledger.ts';
import { afterEvent, createWorld, ssh } from '../../worlds/lambda.ts';

const repository = path.resolve(import.meta.dirname, '../../..');
const page = readFileSync(path.join(repository, 'docs/cost.md'), 'utf8');

function cost(
  { lines }: (typeof products)[number],
  what: string,
  quantities: ReturnType<typeof quantitiesOf>,
) {
  const found = lines.find((line) => line.what === what);
  if (!found) throw new Error(`there is no line ${what}`);
  return costOf(found, quantities);
}

describe('docs/cost.md', () => {
  it('holds what bench/cost.ts makes', () => {
    execFileSync(process.execPath, ['bench/cost.ts', '--check'], { cwd: repository, timeout: 15_000 });
  });

  it('is stale once a generated number is edited, and made anew it is not', () => {
    const edited = page.replace('| Portcullis | 1', '| Portcullis | 2');
    expect(edited).not.toBe(page);
    expect(rendered(edited)).toBe(page);
  });

  it.each([
    ['a part without its place', page.replace('<!-- cost:asr -->', '')],
    ['a part with two places', `${page}<!-- cost:asr -->\n<!-- /cost:asr -->\n`],
    ['a place that no part fills', `${page}<!-- cost:other -->\n<!-- /cost:other -->\n`],
    ['a place that does not end', page.replace('<!-- /cost:asr -->', '')],
  ])('is refused with %s', (_, broken) => {
    expect(() => rendered(broken)).toThrow(/part/);
  });

  it('says of every number of volume where it comes from, and of every price how it is known', () => {
    const rowsOf = (part: string) =>
      page.split(`<!-- cost:${part} -->`)[1]?.split('<!-- /cost:')[0]?.split('\n') ?? [];
    for (const name of Object.keys(givens)) {
      const row = rowsOf('quantities').find((line) => line.startsWith(`| ${name} |`));
      expect(row, name).toMatch(/\| (assumption|measured|our code|ASR page) \|$/);
    }
    for (const { what } of Object.values(prices)) {
      const row = rowsOf('prices').find((line) => line.startsWith(`| ${what} |`));
      expect(row, what).toMatch(/\| (AWS says it \(|others say it \(|from memory: check \|)/);
    }
  });
});

describe('the arithmetic', () => {
  test('prices 15,208,333 events as they are on paper', () => {
    const month = quantitiesOf(1_000, 500);
    expect(month.events).toBeCloseTo(15_208_333.33, 1);
    expect(cost(portcullis, 'EventBridge, member to org bus', month)).toBeCloseTo(15.2083, 3);
    expect(cost(portcullis, 'EventBridge, results', month)).toBeCloseTo(16.7292, 3);
    // (15,208,333 events x 0.63 s + 43,800 runs of the schedule x 0.1 s) x 0.5 GB
    expect(cost(portcullis, 'Lambda, duration', month)).toBeCloseTo(63.904, 2);
    expect(cost(portcullis, 'Lambda, requests', month)).toBeCloseTo(3.0504, 3);
    expect(cost(portcullis, 'logs, ingested', month)).toBeCloseTo(30.4386, 3);
    // 304,167 violations x 6 + 15,208,333 write units
    expect(cost(portcullis, 'DynamoDB, writes', month)).toBeCloseTo(10.646, 2);
    expect(cost(firewallManager, 'policies', month)).toBe(1_700);
    expect(cost(firewallManager, 'Config items, security groups', month)).toBeCloseTo(46_537.5, 1);
    expect(cost(configWithAutomation, 'Config evaluations', month)).toBeCloseTo(46_537.5, 1);
    expect(cost(securityResponse, 'keys', month)).toBe(17_000);
  });

  test.each([
    [10, 300, { steps: 2.4, scripts: 0.09, transitions: 0.14, lambda: 0.029, traces: 0.0355, keys: 10.02 }],
    [100, 3_000, { steps: 24, scripts: 0.9, transitions: 1.425, lambda: 0.29, traces: 0.355, keys: 100.185 }],
  ])(
    "gives the ASR cost page's own lines for %d accounts and %d remediations",
    (accounts, remediations, lines) => {
      const violationShare = 1;
      const perDay = remediations / accounts / (365 / 12);
      const month = quantitiesOf(accounts, perDay, { regions: 1, violationShare });
      expect(month.violations).toBeCloseTo(remediations, 6);
      const of = (...whats: string[]) =>
        whats.reduce((sum, what) => sum + cost(securityResponse, what, month), 0);
      expect(of('Automation, steps')).toBeCloseTo(lines.steps, 2);
      expect(of('Automation, scripts')).toBeCloseTo(lines.scripts, 2);
      expect(of('Step Functions')).toBeCloseTo(lines.transitions, 2);
      expect(of('Lambda, duration')).toBeCloseTo(lines.lambda, 2);
      expect(of('X-Ray')).toBeCloseTo(lines.traces, 3);
      expect(of('keys', 'key requests')).toBeCloseTo(lines.keys, 2);
      expect(of('metrics', 'dashboard', 'alarms')).toBeCloseTo(5.5, 9);
    },
  );

  test('has the schedule of each minute at the $0.21 that docs/architecture.md says', () => {
    const month = quantitiesOf(100, 50);
    const without = quantitiesOf(100, 50, { turns: 0 });
    expect(totalOf(portcullis.lines, month) - totalOf(portcullis.lines, without)).toBeCloseTo(0.21, 2);
    expect(readFileSync(path.join(repository, 'docs/architecture.md'), 'utf8')).toContain('$0.21 a month');
  });

  test('Security Hub charges for what exceeds 10,000 findings in each account and Region', () => {
    const at = (perDay: number) =>
      cost(portcullis, 'Security Hub: findings', quantitiesOf(10, perDay, { regions: 1, violationShare: 1 }));
    const days = 365 / 12;
    expect(at(10_000 / days)).toBeCloseTo(0, 9);
    expect(at(20_000 / days)).toBeCloseTo(10 * 10_000 * 0.00003, 6);
  });

  test('an idle organization costs Portcullis the same, however many accounts share one machine, but for their state', () => {
    const idle = (accounts: number) => totalOf(portcullis.lines, quantitiesOf(accounts, 0));
    const state = 90 * 18 * (80 * 0.000005 + 0.0005 * 0.023);
    expect(idle(100) - idle(10)).toBeCloseTo(state, 6);
  });

  test('a thousand accounts cost Config and SSM ten times what a hundred do', () => {
    const evaluated = (accounts: number) => totalOf(configWithAutomation.lines, quantitiesOf(accounts, 10));
    expect(evaluated(1_000)).toBeCloseTo(10 * evaluated(100), 6);
  });

  test('uses every price and every quantity that it lists, and no other', () => {
    const lines = products.flatMap((product) => product.lines);
    expect(new Set(lines.map(({ price }) => price))).toEqual(new Set(Object.keys(prices)));
    const used = new Set<string>(lines.flatMap(({ quantity }) => quantity.flat()));
    const derivedFrom = [
      'regions',
      'days',
      'violationShare',
      'resultsPerEvent',
      'findingsPerCell',
      'hubStacks',
    ];
    const unused = Object.keys(givens).filter((name) => !used.has(name) && !derivedFrom.includes(name));
    expect(unused).toEqual([]);
    const read = new Set(Object.values(prices).map((price) => price.read));
    expect(read).toEqual(new Set(Object.keys(sources)));
  });
});

describe('the volume', () => {
  test('covers 10, 100 and 1,000 accounts at three rates', () => {
    expect([...sizes]).toEqual([10, 100, 1_000]);
    expect(Object.values(rates)).toHaveLength(3);
  });

  test('takes an event for larger than most fixtures are, and for one unit of 64 KB', () => {
    const folder = path.join(repository, 'test/fixtures/events');
    const bytes = readdirSync(folder).map((file) => readFileSync(path.join(folder, file)).length);
    expect(bytes.length).toBeGreaterThan(20);
    expect(median(bytes) / 1e9).toBeLessThan(givens.eventGigabytes.value);
    expect(givens.eventGigabytes.value).toBeLessThan(64e-6);
  });

  test('takes the log of a violation for larger than it is', async () => {
    const world = await afterEvent(ssh);
    expect(world.published[0]?.outcome).toBe('remediated');
    expect(Buffer.byteLength(world.log.join('\n')) / 1e9).toBeLessThan(givens.logGigabytes.value);
  });

  test('takes the ledger for busier than it is', async () => {
    const world = createWorld();
    const spied = (...calls: (keyof Ledger)[]) => calls.map((call) => vi.spyOn(world.ledger, call));
    const count = (spies: ReturnType<typeof spied>) =>
      spies.reduce((sum, { mock }) => sum + mock.calls.length, 0);
    const reads = spied('read', 'members');
    const writes = spied('write', 'writeOnce', 'add', 'remove', 'count');
    await world.handler(ssh);
    const { readsPerEvent, readsPerViolation, writesPerViolation } = givens;
    expect(count(reads)).toBeGreaterThan(0);
    expect(count(reads)).toBeLessThanOrEqual(readsPerEvent.value + readsPerViolation.value);
    expect(count(writes)).toBeGreaterThan(0);
    expect(count(writes)).toBeLessThanOrEqual(writesPerViolation.value);
  });

  test('takes the function for slower than the bench measured it', () => {
    const results = JSON.parse(readFileSync(path.join(repository, 'bench/results.json'), 'utf8'));
    const value = (name: string) => results.find(({ figure }: { figure: string }) => figure === name).value;
    expect(givens.lambdaSeconds.value * 1_000).toBeGreaterThan(
      5 * value('function: receivedAt to revokedAt, median'),
    );
    expect(value('event to revoked, median')).toBeLessThan(300);
  });
});

test.each([
  [0, '0'],
  [0.004, '< 0.01'],
  [0.01, '0.01'],
  [99.994, '99.99'],
  [1_700, '1,700'],
  [46_537.5, '46,538'],
])('%d dollars are shown as %s', (amount, shown) => {
  expect(dollars(amount)).toBe(shown);
});

test('a price is shown with all of its digits', () => {
  expect(priced('lambdaArm')).toBe('$0.0000133334 per GB-second');
  expect(priced('queueRequest')).toBe('$0.40 per 1,000,000 requests');
  expect(() => priced('rent')).toThrow('no price rent');
});
