import { afterEach, describe, expect, vi } from 'vitest';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createWorld, one, two } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { forgetJobs, startScheduler } from './world.ts';

const three = '300000000003';

vi.setConfig({ testTimeout: 60_000 });

let database: Database;
let store: Store;
let made: ReturnType<typeof createWorld>;
let scheduler: Awaited<ReturnType<typeof startScheduler>>;
let go = () => {};
let underWay: string | undefined;

test.beforeEach(async ({ database: given }) => {
  database = given;
  store = openStore(database);
  made = createWorld(store, database);
  // The first account to be made is under way until the test lets it go.
  underWay = undefined;
  const held = new Promise<void>((done) => {
    go = done;
  });
  made.world.before = async (key) => {
    if (!key.startsWith('account-') || underWay) return;
    underWay = key;
    await held;
  };
}, 60_000);
afterEach(async () => {
  go();
  await scheduler?.stop();
});

const start = async (concurrent: number) => {
  await forgetJobs(database);
  scheduler = await startScheduler(database, made, 30_000, concurrent);
};
/** Every key that is due was reconciled, but for so many that are under way. */
const settled = (left = 0) =>
  until(async () => {
    const due = `select 1 from queue.job where name = 'key' and (state = 'active' or start_after <= now())`;
    return (await database.query(due)).length <= left;
  });
const onboarding = async () => {
  await scheduler.queue.enqueue(['organization']);
  await until(() => underWay !== undefined);
  return (await store.runs.latestOf('onboarding'))?.id ?? '';
};
const ups = () => made.world.operations.filter((operation) => operation !== 'up hub');
const all = () => [...made.world.accounts.keys()].map((id) => `account-${id}`);
const ready = async (id: string) => (await store.accounts.get(id))?.conditions.Ready;
const reaches = (id: string, state: string) => until(async () => (await store.runs.get(id))?.state === state);
const others = () => [one, two].filter((id) => underWay !== `account-${id}`);

describe('an account that was never made', () => {
  test('waits while its onboarding is paused, and so do the Regions of one that was made', async () => {
    await start(1);
    const run = await onboarding();
    await scheduler.runs.pause(run, 'a person');
    go();
    await settled();
    made.world.accounts.set(three, 'ACTIVE');
    await scheduler.queue.enqueue(['organization']);
    await until(async () => (await store.accounts.get(three)) !== undefined);
    await scheduler.queue.enqueue(all());
    await settled();
    expect(ups()).toEqual([`up ${underWay}`]);
    for (const id of [...others(), three])
      expect(await ready(id)).toMatchObject({ reason: 'Waiting', message: expect.stringContaining(run) });
    await scheduler.runs.resume(run, 'a person');
    await reaches(run, 'succeeded');
    expect(ups()).toHaveLength(4 * 3);
  });

  test('waits after its onboarding was cancelled until a person asks for it', async () => {
    await start(1);
    const run = await onboarding();
    await scheduler.runs.cancel(run, 'a person');
    go();
    await settled();
    await scheduler.queue.enqueue(['organization', ...all()]);
    await settled();
    expect(ups()).toEqual([`up ${underWay}`]);
    const [id = ''] = others();
    expect((await ready(id))?.message).toContain(`${run} was cancelled by a person; portcullis reconcile`);
    const scope = { accounts: [id] };
    const asked = await scheduler.runs.request({
      ...{ kind: 'reconcile', scope, onlyChanged: false, requestedBy: 'a person' },
    });
    await reaches(asked.id, 'succeeded');
    expect(ups().filter((operation) => operation.includes(id))).toHaveLength(3);
    expect(ups()).toHaveLength(4);
    expect((await store.runs.page({}, { limit: 10 })).items).toHaveLength(2);
  });

  test('also waits when its onboarding was cancelled before it was planned', async () => {
    await start(1);
    const { run } = await store.runs.createUnlessWaiting({
      ...{ kind: 'reconcile', scope: { accounts: [...made.world.accounts.keys()] } },
      ...{ onlyChanged: true, requestedBy: 'onboarding' },
    });
    await scheduler.runs.cancel(run.id, 'a person');
    await scheduler.queue.enqueue(['organization']);
    await until(async () => (await store.accounts.list()).length > 0);
    await settled();
    expect((await store.runs.page({}, { limit: 10 })).items).toHaveLength(1);
  });

  test('waits for its wave, even if an event names it earlier', async () => {
    await start(4);
    Object.assign(made.parts.settings, { rollout: { waves: [one] } });
    const run = await onboarding();
    await scheduler.queue.enqueue([`account-${two}`]);
    await settled(1);
    expect(ups()).toEqual([`up account-${one}`]);
    expect(await ready(two)).toMatchObject({ reason: 'Waiting', message: expect.stringContaining(run) });
    go();
    await reaches(run, 'succeeded');
    expect(await ready(two)).toMatchObject({ status: 'True' });
  });
});
