import { beforeEach, describe, expect, vi } from 'vitest';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { type createWorld, one } from '../../../worlds/reconcile.ts';
import { until } from '../../../worlds/until.ts';
import { runScene } from './scene.ts';

const three = '300000000003';

vi.setConfig({ testTimeout: 60_000 });

let database: Database;
let store: Store;
let made: ReturnType<typeof createWorld>;
const { list, enqueue, carryOut } = runScene((scene) => {
  ({ database, store, made } = scene);
});

const released = async () => {
  const rows = await database.query<{ release: string }>(
    `select distinct release from stack where kind <> 'hub'`,
  );
  return rows.map(({ release }) => release);
};
describe('a new release', () => {
  const ups = () => made.world.operations.filter((operation) => operation.startsWith('up account'));
  beforeEach(async () => {
    await list();
    await carryOut();
    made.world.operations.length = 0;
    made.requested.length = 0;
  });

  test('leaves ready stacks as they are until a roll-out, and then updates all of them', async () => {
    made.world.programVersion = '2';
    await made.working(async () => {
      const before = made.queue.waiting().length;
      await made.queue.enqueue([`account-${one}`, `region-${one}-eu-west-1`]);
      await until(async () => made.queue.waiting().length >= before);
    });
    expect(ups()).toEqual([]);
    await list();
    await list();
    expect(made.requested).toHaveLength(1);
    expect(made.requested[0]).toMatchObject({ scope: {}, onlyChanged: true, priority: 10 });
    await carryOut();
    expect(ups()).toHaveLength(4);
    expect(await released()).toHaveLength(1);
  });

  test('applies to a new account at once, while the others wait', async () => {
    made.world.programVersion = '2';
    made.world.accounts.set(three, 'ACTIVE');
    await list();
    const onboarding = await store.runs.latestOf('onboarding');
    await made.execute({ id: onboarding?.id ?? '' });
    expect(ups()).toEqual([`up account-${three}`]);
    expect((await store.stacks.get(`account-${three}`))?.programVersion).toBe('2');
    expect((await store.stacks.get(`account-${one}`))?.programVersion).toBe('1');
  });

  const region = `region-${one}-eu-west-1`;
  const versionOf = async (key: string) => (await store.stacks.get(key))?.programVersion;

  test('automatically reaches what its roll-out missed, once that ended', async () => {
    made.world.programVersion = '2';
    made.world.broken.add(`account-${one}`);
    await list();
    await carryOut();
    expect(await versionOf(region)).toBe('1');
    made.world.broken.clear();
    await enqueue(`account-${one}`);
    await made.working(() => until(async () => (await versionOf(region)) === '2'));
    expect(made.requested).toHaveLength(1);
  });

  test.each(['paused', 'cancelled'] as const)(
    'whose roll-out a person %s reaches nothing more',
    async (word) => {
      made.world.programVersion = '2';
      await list();
      const [run] = await store.runs.unfinished();
      await store.runs[word === 'paused' ? 'pause' : 'cancel'](run?.id ?? '', 'by a person', 'ann');
      await enqueue(region);
      await list();
      expect(await versionOf(region)).toBe('1');
      expect(made.requested).toHaveLength(1);
    },
  );

  test.each([
    ['could not be planned', { waves: ['ou-nowhere'] }, []],
    ['failed at the hub', {}, ['hub']],
  ])('whose roll-out %s is rolled out again, with its waves, once that is fixed', async (_, plan, broken) => {
    const { rollout } = made.parts.settings;
    Object.assign(made.parts.settings, { rollout: plan });
    for (const key of broken) made.world.broken.add(key);
    made.world.programVersion = '2';
    await list();
    await carryOut();
    expect((await store.runs.page({}, { limit: 1 })).items[0]?.state).toBe('failed');
    await enqueue(region);
    expect(await versionOf(region)).toBe('1');
    Object.assign(made.parts.settings, { rollout });
    made.world.broken.clear();
    await list();
    await carryOut();
    expect(await versionOf(region)).toBe('2');
    expect(made.requested).toHaveLength(2);
  });

  test('that is reverted is rolled back', async () => {
    const [before] = await released();
    made.world.programVersion = '2';
    await list();
    await carryOut();
    expect(await released()).not.toEqual([before]);
    made.world.programVersion = '1';
    await list(2);
    await carryOut();
    expect(await released()).toEqual([before]);
    expect(made.requested).toHaveLength(2);
  });
});
