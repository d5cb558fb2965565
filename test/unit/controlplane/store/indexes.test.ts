import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Query } from '../../../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { remediation } from '../../../worlds/remediation-sample.ts';

/** The plans of the statements that a store made, in order. */
let plans: string[] = [];
let store: Store;
test.beforeEach(async ({ database }) => {
  const explaining =
    (query: Query): Query =>
    async <Row>(sql: string, parameters: readonly unknown[] = []) => {
      if (/^\s*(select|update|delete|insert|with)/.test(sql)) {
        const plan = await query<Record<string, string>>(`explain ${sql}`, parameters);
        plans.push(plan.map((line) => Object.values(line)[0]).join('\n'));
      }
      return query<Row>(sql, parameters);
    };
  const explained = {
    ...database,
    query: explaining(database.query),
    transaction: <T>(work: (query: Query) => Promise<T>) =>
      database.transaction((query) => work(explaining(query))),
  };
  store = openStore(explained);
  await database.query('set enable_seqscan = off');
});

const account = '300000000001';
const key = `account-${account}`;
test.each<[string, () => Promise<unknown>, string[]]>([
  [
    'the canary that a result is about, by its id or its group',
    () => store.cellVerifications.received(remediation({ canary: randomUUID() })),
    ['canary_pkey', 'canary_group'],
  ],
  [
    'the remediations of an account, newest first',
    () => store.remediations.page({ account }, { limit: 50 }),
    ['remediation_account'],
  ],
  [
    'the latest run that a name asked for',
    () => store.runs.latestOf('onboarding', 'paused'),
    ['run_requested'],
  ],
  [
    'the latest run of names with the same beginning',
    () => store.runs.latestOf('release *'),
    ['run_requested'],
  ],
  ['the latest run that has a key', () => store.runStacks.latest(key), ['run_stack_key', 'run_unfinished']],
  [
    'accounts whose latest run was cancelled',
    () => store.runStacks.cancelled([account], 'x'),
    ['run_stack_key'],
  ],
  [
    'what ended of the runs that a name asked for',
    () => store.runStacks.lately('onboarding'),
    ['run_requested'],
  ],
  [
    'a later page of the stacks',
    () => store.stacks.page({}, { limit: 50, after: ['true', account, `account-${account}`] }),
    ['stack_listed'],
  ],
  [
    'a later page of the accounts',
    () => store.accounts.page({}, { limit: 50, after: ['Production', 'shop', account] }),
    ['account_listed'],
  ],
  [
    'the stacks of a run that changed',
    () => store.runStacks.changes(randomUUID(), 50),
    ['run_stack_changed'],
  ],
])('%s is found by an index, without a scan of the table', async (_, ask, indexes) => {
  plans = [];
  await ask();
  expect(plans.length).toBeGreaterThan(0);
  for (const index of indexes) expect(plans[0]).toContain(index);
  expect(plans[0]).not.toMatch(/Seq Scan on (canary|remediation|run|run_stack)\b/);
});
