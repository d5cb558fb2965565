import { expect } from 'vitest';
import { carryOut } from '../../../../controlplane/sweep/fleet/carry-out.ts';
import { sweepRequests } from '../../../../controlplane/sweep/fleet/requests.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { closed, createRestoreWorld, group } from '../../../worlds/restore.ts';
import { fillWorld, sweepWorld } from '../sweep/world.ts';

const one = '300000000001';

test('a restore waits while the installation is uninstalled, and is carried out after a reinstall', async ({
  database,
}) => {
  const at = createRestoreWorld(database);
  const plane = at.start();
  const { id } = await at.recorded([closed('sgr-1', 22)]);
  await at.store.uninstall.request('erin');
  await plane.begin();
  await plane.carryOut(id, new AbortController().signal, await plane.leaseOf(id));
  await plane.restores.resume();
  expect(await at.store.restores.get(id)).toMatchObject({ state: 'pending', finishedAt: null });
  expect((await at.store.runs.page({}, { limit: 1 })).items).toEqual([]);
  expect(at.state.calls).toEqual({});
  await plane.end();
  await at.store.uninstall.end('erin');
  const next = at.start();
  await database.query('delete from lease');
  await next.begin();
  expect(await at.ended(id)).toMatchObject({ state: 'restored' });
  await next.end();
});

test('a restore in progress puts no further rule back, and has not failed', async ({ database }) => {
  const at = createRestoreWorld(database);
  const plane = at.start();
  await plane.runs.start();
  const { id } = await at.recorded([closed('sgr-1', 22), closed('sgr-2', 3389)]);
  at.state.before = async (call) => {
    if (call.startsWith('Authorize')) await at.store.uninstall.request('erin');
  };
  await plane.carryOut(id, new AbortController().signal, await plane.leaseOf(id));
  expect(at.state.groups.get(group)?.map(({ FromPort }) => FromPort)).toEqual([22]);
  expect(await at.store.restores.get(id)).toMatchObject({ finishedAt: null, reason: null });
  await plane.end();
});

test('a sweep in progress claims no further cell, and continues after a reinstall', async ({ database }) => {
  const world = sweepWorld(database, { parallel: 1 });
  fillWorld(world, 9);
  const id = await world.request();
  world.state.during = async () => {
    if (world.state.reads.size === 1) await world.store.uninstall.request('erin');
  };
  await carryOut(world.context, id);
  expect(await world.store.sweeps.get(id)).toMatchObject({ state: 'running' });
  const { done } = await world.store.sweeps.counts(id);
  expect(done).toBeLessThan(18);
  await carryOut(world.context, id);
  expect((await world.store.sweeps.counts(id)).done).toBe(done);
  world.state.during = async () => undefined;
  await world.store.uninstall.end('erin');
  await carryOut(world.context, id);
  expect(await world.store.sweeps.counts(id)).toMatchObject({ cells: 18, done: 18 });
});

test('the clock requests no sweep of an installation that is being uninstalled', async ({ database }) => {
  const world = sweepWorld(database);
  const { context, store } = world;
  await database.query(
    `insert into account (id, name, state, path, parents, regions, seen_at, updated_at)
     values ($1, 'shop', 'ACTIVE', 'Root', '[]', '[{"region":"eu-west-1"}]', now(), now())`,
    [one],
  );
  const sent: string[] = [];
  const { sweepDue } = sweepRequests(context, async (id) => void sent.push(id));
  await store.uninstall.request('erin');
  await sweepDue();
  expect(sent).toEqual([]);
  await store.uninstall.end('erin');
  await sweepDue();
  expect(sent).toHaveLength(1);
});
