import { type Database, openDatabase } from '../controlplane/store/database/database.ts';
import type { Query } from '../controlplane/store/database/query.ts';
import { foldCounts } from '../controlplane/store/findings/counts.ts';
import { type FindingFilter, findingPage } from '../controlplane/store/findings/list.ts';
import { openStore } from '../controlplane/store/store.ts';
import { observed, reading } from '../test/worlds/finding-sample.ts';
import { postgresPrograms, startPostgres } from '../test/worlds/postgres.ts';
import { type Figures, percentile } from './figures.ts';
import { fillFindings } from './findings-sample.ts';
import { fillFleet } from './fleet-sample.ts';

interface FindingOptions {
  readonly quick: boolean;
  readonly progress: (line: string) => void;
  /** A Postgres for the bench alone, which keeps the findings for the next run; without it, one is started and deleted. */
  readonly databaseUrl: string | undefined;
}

const page = 100;
/** How the ids of the accounts begin whose readings are recorded. */
const recorded = '4000000000';

/** What people ask for, the widest values and narrow ones. */
const cases: readonly (readonly [name: string, filter: FindingFilter])[] = [
  ['no filter', {}],
  ['open', { state: 'open' }],
  ['open, oldest first', { state: 'open', sort: 'oldest' }],
  ['open, newest first', { state: 'open', sort: 'newest' }],
  ['open, by account', { state: 'open', sort: 'account' }],
  ['excepted', { state: 'excepted' }],
  ['open, critical and reachable', { state: 'open', severity: 'critical', exposure: 'reachable' }],
  ['an account', { account: '300000000007' }],
  ['the account with most', { account: '300000000001' }],
  ['a unit of 125 accounts', { organizationalUnit: 'ou-root-7' }],
  ['the root', { organizationalUnit: 'r-root' }],
  ['the Region with most', { region: 'eu-west-1', state: 'open' }],
  ['a Region with few', { region: 'eu-west-17', state: 'open' }],
  ['the policy rule with most', { policyRule: 'rule-0' }],
  ['a policy rule with few', { policyRule: 'rule-9' }],
  ['an owner', { owner: 'team-7', state: 'open' }],
  ['older than 7 days', { olderThan: 7, state: 'open' }],
  ['older than 30 days, oldest first', { olderThan: 30, sort: 'oldest' }],
  ['older than a year', { olderThan: 365 }],
  ['a unit and a Region', { organizationalUnit: 'ou-root-7', region: 'eu-west-1' }],
  ['an owner in the Region with most', { owner: 'team-7', region: 'eu-west-1' }],
  ['the policy rule with most in a Region with few', { policyRule: 'rule-0', region: 'eu-west-17' }],
  ['the policy rule with most in the Region with most', { policyRule: 'rule-0', region: 'eu-west-1' }],
  ['the policy rule with most, older than 7 days', { policyRule: 'rule-0', olderThan: 7, state: 'open' }],
  ['a unit, older than 30 days', { organizationalUnit: 'ou-root-7', olderThan: 30 }],
  ['the Region with most, older than 30 days', { region: 'eu-west-1', olderThan: 30 }],
];

const isCount = (sql: string): boolean => /^\s*select state, severity_order, exposure, /.test(sql);

/** Reads the first two pages of a filter so often; the times of its pages and of its counts, milliseconds. */
async function timesOf(query: Query, filter: FindingFilter, times: number) {
  const pages: number[] = [];
  const counts: number[] = [];
  let counted = 0;
  const timed: Query = async (sql, parameters) => {
    const begun = performance.now();
    const rows = await query(sql, parameters);
    if (isCount(sql)) counted += performance.now() - begun;
    return rows as never;
  };
  for (let turn = 0; turn < times; turn += 1) {
    counted = 0;
    const begun = performance.now();
    const first = await findingPage(timed as Query, filter, { limit: page });
    pages.push(performance.now() - begun - counted);
    counts.push(counted);
    if (!first.last) continue;
    const again = performance.now();
    await findingPage(timed as Query, filter, { limit: page, after: first.last });
    pages.push(performance.now() - again);
  }
  return { page: percentile(pages, 95), counts: percentile(counts, 95) };
}

/** The scans of the statements of a filter, as the database explains them. */
async function scansOf(query: Query, filter: FindingFilter): Promise<string[]> {
  const scans: string[] = [];
  const explaining: Query = async (sql, parameters) => {
    const lines = await query<Record<string, string>>(
      `explain (analyze, costs off, buffers) ${sql}`,
      parameters,
    );
    const plan = lines.map((line) => String(Object.values(line)[0]).trim());
    scans.push(plan.filter((line) => /Scan|Sort \(|Aggregate|Execution/.test(line)).join(' | '));
    return query(sql, parameters);
  };
  await findingPage(explaining, filter, { limit: page });
  return scans;
}

/** Starts a Postgres of its own where none is given. */
async function openPostgresFor({ databaseUrl, progress }: FindingOptions) {
  const programs = postgresPrograms();
  if (!(databaseUrl || programs)) throw new Error('initdb and postgres are not installed');
  const own = programs && !databaseUrl ? await startPostgres(programs) : undefined;
  const url = databaseUrl ?? (await own?.database('findings'));
  const database = await openDatabase({ databaseUrl: url, data: '' }, ({ message }) => progress(message));
  return { database, stop: () => database.close().finally(() => own?.stop()) };
}

/** Makes the accounts and findings, where the database does not have them from the run before. */
async function fill(database: Database, { quick, progress }: FindingOptions, rows: number): Promise<void> {
  const { query } = database;
  await query(`delete from finding where account_id like '${recorded}%'`);
  const [found] = await query<{ count: number }>('select count(*)::int as count from finding');
  if (found?.count) {
    if (found.count !== rows)
      throw new Error(`the database has ${found.count} findings instead of ${rows}: use an empty one`);
    progress(`${rows} findings are there from the run before`);
  } else {
    await fillFleet(query, quick ? 500 : 5_000, 17);
    await fillFindings(database, rows, quick ? 500 : 5_000, progress);
  }
  await foldCounts(database);
  for (const table of ['finding', 'finding_count', 'finding_count_change', 'account'])
    await query(`vacuum analyze ${table}`);
}

/** Lists and counts of a million findings of 5,000 accounts in 17 Regions, on Postgres. */
export async function measureFindings(figures: Figures, options: FindingOptions): Promise<void> {
  const { quick, progress } = options;
  const rows = quick ? 20_000 : 1_000_000;
  const { database, stop } = await openPostgresFor(options);
  try {
    await fill(database, options, rows);
    const slowest = { page: 0, counts: 0 };
    for (const [name, filter] of cases) {
      const found = await timesOf(database.query, filter, quick ? 3 : 30);
      slowest.page = Math.max(slowest.page, found.page);
      slowest.counts = Math.max(slowest.counts, found.counts);
      progress(`${name}: page ${found.page.toFixed(1)} ms, counts ${found.counts.toFixed(1)} ms`);
      for (const scan of await scansOf(database.query, filter)) progress(`  ${scan}`);
    }
    figures.add('findings, a million: findings', rows, 'count');
    figures.add(
      `findings, a million: a page of ${page}, slowest of ${cases.length} filters, 95th percentile`,
      slowest.page,
      'ms',
      { atMost: 100 },
    );
    figures.add(
      `findings, a million: the counts, slowest of ${cases.length} filters, 95th percentile`,
      slowest.counts,
      'ms',
      { atMost: 100 },
    );
    await measureRecording(openStore(database), figures, quick ? 20 : 500);
  } finally {
    await stop();
  }
}

/** How long a sweep's reading of a cell takes to record beside a million findings. */
async function measureRecording(
  store: Pick<ReturnType<typeof openStore>, 'findings' | 'now'>,
  figures: Figures,
  times: number,
): Promise<void> {
  const findings = Array.from({ length: 12 }, (_, port) =>
    observed({ fromPort: port, toPort: port, ruleId: `sgr-${port}` }),
  );
  const measured: number[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const accountId = `${recorded}${10 + (turn % 50)}`;
    const readAt = await store.now();
    const begun = performance.now();
    await store.findings.recordCell(reading(0, findings, { accountId, region: 'eu-west-1', readAt }));
    measured.push(performance.now() - begun);
  }
  figures.add(
    'findings, a million: a cell of 12 findings recorded, 95th percentile',
    percentile(measured, 95),
    'ms',
  );
}
