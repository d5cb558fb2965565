import { expect } from 'vitest';
import { openBoss } from '../../../../../controlplane/queue/boss.ts';
import { openLeases } from '../../../../../controlplane/queue/leases.ts';
import { advanceRun } from '../../../../../controlplane/runs/advance.ts';
import { runQueue } from '../../../../../controlplane/runs/queue.ts';
import type { Database, Query } from '../../../../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../../controlplane/telemetry/log.ts';
import { verifier } from '../../../../../controlplane/verify/verifier.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { createWorld, one } from '../../../../worlds/reconcile.ts';
import { until } from '../../../../worlds/until.ts';
import { cell, verifyWorld } from '../../../../worlds/verify.ts';

const log = makeLogger('silent');
const request = { kind: 'reconcile', scope: {}, onlyChanged: false, requestedBy: 'ada' } as const;

/** A database whose process ends, the first time, before it has written a line of this act. */
function dyingBefore(database: Database, what: string): Database {
  let left = 1;
  const over =
    (query: Query): Query =>
    (sql, parameters) => {
      const isIt = sql.includes('insert into audit') && parameters?.[1] === what;
      if (isIt && left-- > 0) throw new Error('killed');
      return query(sql, parameters);
    };
  return {
    ...database,
    query: over(database.query),
    transaction: (work) => database.transaction((query) => work(over(query))),
  };
}

let database: Database;
let store: Store;
test.beforeEach(async ({ database: given }) => {
  database = given;
  store = openStore(database);
}, 60_000);
const runsOf = (over: Database) => {
  const leases = openLeases(database, log);
  const own = openStore(over);
  const { parts } = createWorld(own, over);
  const { meter } = parts;
  const advance = (id: string, signal: AbortSignal) => advanceRun(parts, id, signal);
  return runQueue({ boss: openBoss(database, log), store: own, leases, advance, meter, log });
};
const lines = async (id: string) => {
  const found = (await store.audit.list(100)).filter(({ details }) => details.run === id);
  return found.reverse().map(({ who, what }) => `${who}: ${what}`);
};
const requested = async () => (await store.runs.createUnlessWaiting(request)).run;

test('a run is there with the line of who asked for it, or not at all', async () => {
  const over = openStore(dyingBefore(database, 'run requested'));
  await expect(over.runs.createUnlessWaiting(request)).rejects.toThrow('killed');
  expect((await store.runs.page({}, { limit: 10 })).items).toEqual([]);
  const { id } = (await over.runs.createUnlessWaiting(request)).run;
  for (const by of ['ada', 'bob', 'bob'])
    await over.runs.createUnlessWaiting({ ...request, requestedBy: by });
  expect(await lines(id)).toEqual(['ada: run requested', 'bob: run requested']);
});

test.each(['paused', 'cancelled'] as const)('a run is %s with its line, or not at all', async (state) => {
  const { id } = await requested();
  const runs = runsOf(dyingBefore(database, `run ${state}`));
  const act = () => (state === 'paused' ? runs.pause(id, 'ada') : runs.cancel(id, 'ada'));
  await expect(act()).rejects.toThrow('killed');
  expect(await store.runs.get(id)).toMatchObject({ state: 'queued' });
  await act();
  expect(await store.runs.get(id)).toMatchObject({ state });
  const end = state === 'cancelled' ? ['portcullis: run finished'] : [];
  expect(await lines(id)).toEqual(['ada: run requested', `ada: run ${state}`, ...end]);
});

test('a run whose end leaves no line has not ended, and the next pass ends it', async () => {
  const { id } = await requested();
  const over = openStore(dyingBefore(database, 'run finished'));
  await expect(over.runs.finish(id, 'failed', '1 failed')).rejects.toThrow('killed');
  expect((await store.runs.unfinished()).map((run) => run.id)).toEqual([id]);
  await over.runs.finish(id, 'failed', '1 failed');
  await over.runs.finish(id, 'succeeded', null);
  expect(await lines(id)).toEqual(['ada: run requested', 'portcullis: run finished']);
});

test('a run that its failures paused says so and why', async () => {
  const made = createWorld(store, database);
  made.world.broken.add(`account-${one}`);
  const run = await made.run({ rollout: { waves: [one], maxFailures: 0 } });
  expect(run.state).toBe('paused');
  const [line] = await store.audit.list(1, { what: 'run paused' });
  expect(line).toMatchObject({ who: 'portcullis', details: { run: run.id, message: run.message } });
});

test('a verification that was killed at its end has ended once, with its line and its condition', async () => {
  const { parts: context } = verifyWorld(database);
  const account = {
    id: cell.accountId,
    name: 'one',
    state: 'ACTIVE',
    path: '',
    joinedAt: undefined,
  } as const;
  await store.accounts.seen([{ ...account, parents: ['r-root'], unitNames: [] }], await store.now());
  await store.accounts.setRegions(cell.accountId, [
    { region: cell.region, trail: { covered: true } as never },
  ]);
  await database.query(
    `insert into stack (key, kind, account_id, region, generation, updated_at)
     values ('region-300000000001-eu-west-1', 'region', $1, $2, 'g', now())`,
    [cell.accountId, cell.region],
  );
  const over = dyingBefore(database, 'verification finished');
  const own = { ...context, store: openStore(over) };
  const made = verifier({ database, boss: openBoss(database, log) }, own, {
    standing: false,
    receive: () => undefined,
  });
  await made.start();
  const { id } = await made.request({}, 'ada');
  const reported = () => store.audit.list(10, { what: 'verification finished' });
  const mine = async () => (await reported()).filter(({ details }) => details.verification === id);
  await until(async () => (await mine()).length > 0);
  await made.stop();
  expect(await mine()).toMatchObject([{ who: 'portcullis', details: { verified: 1, failed: 0 } }]);
  expect((await store.accounts.get(cell.accountId))?.conditions.Verified).toMatchObject({ status: 'True' });
  expect(await store.cellVerifications.unfinished()).toEqual([]);
});
