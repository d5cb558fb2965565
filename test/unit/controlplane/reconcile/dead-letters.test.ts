import { beforeEach, describe, expect } from 'vitest';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { readings } from '../../../../controlplane/telemetry/readings.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { createWorld, hub, one } from '../../../worlds/reconcile.ts';

let database: Database;
let store: Store;
let { world, run, settings } = {} as ReturnType<typeof createWorld>;

test.beforeEach(({ given: embedded }) => {
  ({ database, store } = embedded);
});
beforeEach(async () => {
  ({ world, run, settings } = createWorld(store, database));
  await run();
  world.queues.reads.length = 0;
});

const cell = `${one} us-east-1`;
const look = () => run({ scope: { accounts: [one] } });
const delivered = async () => (await store.accounts.get(one))?.conditions.EventsDelivered;
const readsOf = (where: string) => world.queues.reads.filter((each) => each === where).length;
/** As if the last reading was so many hours ago. */
const age = (hours: number) =>
  database.query(
    `update account set regions = (select jsonb_agg(case when each ? 'deadLetters' then
       jsonb_set(each, '{deadLetters,at}', to_jsonb(((each->'deadLetters'->>'at')::timestamptz - $1::interval)::text))
       else each end) from jsonb_array_elements(regions) as each) where regions <> '[]'`,
    [`${hours} hours`],
  );
const remarks = async () => (await store.fleet.status(settings.layout)).remarks;

describe('the dead letters of a member', () => {
  test('are read once a day with one call for each cell, once it forwards', async () => {
    await look();
    await look();
    expect(readsOf(cell)).toBe(1);
    expect(await delivered()).toMatchObject({ status: 'True', reason: 'NoDeadLetters' });
    await age(25);
    await look();
    expect(readsOf(cell)).toBe(2);
  });

  test('are in the condition, in status and in the metrics', async () => {
    world.queues.messages.set(cell, 3);
    await look();
    expect(await delivered()).toMatchObject({
      status: 'False',
      reason: 'DeadLettersFound',
      message: expect.stringContaining(`3 in portcullis-forward-dead-letter of ${cell}`),
    });
    expect(await remarks()).toContainEqual(
      expect.objectContaining({ about: one, what: 'EventsDelivered DeadLettersFound' }),
    );
    const reading = readings.find(({ name }) => name === 'dead letters');
    expect(await database.query(reading?.sql ?? '')).toContainEqual({ queue: 'forward', messages: 3 });
    world.queues.messages.clear();
    await age(25);
    await look();
    expect(await delivered()).toMatchObject({ status: 'True' });
  });

  test('that cannot be read are unknown, and are read again at the next inspection', async () => {
    world.queues.messages.set(cell, 'broken');
    await look();
    expect(await delivered()).toMatchObject({ status: 'Unknown', reason: 'CheckFailed' });
    await look();
    expect(readsOf(cell)).toBe(2);
  });

  test('are not read by a preview, which keeps what is known', async () => {
    world.queues.messages.set(cell, 3);
    await look();
    const before = readsOf(cell);
    await run({ kind: 'preview', scope: { accounts: [one] } });
    expect(readsOf(cell)).toBe(before);
    const { regions } = (await store.accounts.get(one)) ?? {};
    expect(regions?.find(({ region }) => region === 'us-east-1')?.deadLetters?.count).toBe(3);
  });
});

test('the dead letters of the hub are read once a day, and are a remark', async () => {
  await database.query(`delete from fact where name = 'dead letters of the hub'`);
  world.queues.messages.set(`${hub} eu-west-1`, 2);
  await run();
  expect((await store.stacks.get('hub'))?.conditions.EventsDelivered).toMatchObject({
    status: 'False',
    message: expect.stringContaining('2 in portcullis-dead-letter of'),
  });
  expect(await remarks()).toContainEqual(
    expect.objectContaining({ about: 'hub', what: 'EventsDelivered DeadLettersFound' }),
  );
});
