import { expect } from 'vitest';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { openLeases } from '../../../../controlplane/queue/leases.ts';
import { runQueue } from '../../../../controlplane/runs/queue.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { RunRequest } from '../../../../controlplane/store/runs.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { silentMeter } from '../../../../controlplane/telemetry/metrics.ts';
import { databaseTest as test } from '../../../worlds/database.ts';

const log = makeLogger('silent');

let database: Database;
let store: Store;
test.beforeEach(({ database: empty, store: over }) => {
  database = empty;
  store = over;
}, 60_000);

/** A queue whose runs end well, `milliseconds` after they began. */
const open = (begun: string[], milliseconds = 0) =>
  runQueue({
    ...{ boss: openBoss(database, log), store, log, meter: silentMeter, leases: openLeases(database, log) },
    async advance(id) {
      begun.push(id);
      await store.runs.start(id);
      await new Promise((done) => setTimeout(done, milliseconds));
      await store.runs.finish(id, 'succeeded', null);
    },
  });
const until = async (condition: () => Promise<boolean>) => {
  while (!(await condition())) await new Promise((done) => setTimeout(done, 50));
};
const request = (account: string): RunRequest => ({
  kind: 'reconcile',
  scope: { accounts: [account] },
  onlyChanged: false,
  requestedBy: 'a test',
});

test('runs asked for side by side are each carried out once', async () => {
  const begun: string[] = [];
  const queue = open(begun);
  await queue.start();
  const accounts = ['300000000001', '300000000002', '300000000003', '300000000001'];
  const runs = await Promise.all(accounts.map((account) => queue.request(request(account))));
  await until(async () => (await store.runs.unfinished()).length === 0);
  await queue.stop();
  expect(begun.sort()).toEqual([...new Set(runs.map(({ id }) => id))].sort());
});

test('stop waits for the run under way', async () => {
  const begun: string[] = [];
  const queue = open(begun, 1_000);
  await queue.start();
  const run = await queue.request(request('300000000004'));
  await until(async () => begun.length > 0);
  await queue.stop();
  expect((await store.runs.get(run.id))?.state).toBe('succeeded');
});

test('a run that waits is carried out after the next start', async () => {
  const { run } = await store.runs.createUnlessWaiting(request('300000000005'));
  const begun: string[] = [];
  const queue = open(begun);
  await queue.start();
  await until(async () => (await store.runs.get(run.id))?.state === 'succeeded');
  await queue.stop();
  expect(begun).toEqual([run.id]);
});
