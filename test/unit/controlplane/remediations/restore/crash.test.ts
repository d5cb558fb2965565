import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { Database } from '../../../../../controlplane/store/database/database.ts';
import type { Store } from '../../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { asHolder } from '../../../../worlds/lease-sample.ts';
import { closed, createRestoreWorld, dying, group } from '../../../../worlds/restore.ts';

let database: Database;
let at: ReturnType<typeof createRestoreWorld>;
let plane: ReturnType<typeof at.start>;

test.beforeEach(({ given: embedded }) => {
  ({ database } = embedded);
});
beforeEach(async () => {
  at = createRestoreWorld(database);
  plane = at.start();
});
afterEach(() => plane.end());

const ssh = closed('sgr-1', 22);
const rdp = closed('sgr-2', 3389);
const rules = () => at.state.groups.get(group) ?? [];
const ports = () => rules().map(({ FromPort }) => FromPort);
describe('a process that is killed', () => {
  type Death = (store: Store) => { store: Store; died: Promise<void> };
  const restores =
    (method: 'exceptionDeployed' | 'putBack' | 'restored', when: 'before' | 'after'): Death =>
    (store) => {
      const { copy, died } = dying(store.restores, method, when);
      return { store: { ...store, restores: copy }, died };
    };
  test.each<[string, Death]>([
    ['before the exception is known to be deployed', restores('exceptionDeployed', 'before')],
    ['after the exception is known to be deployed', restores('exceptionDeployed', 'after')],
    ['after a rule was put back, before that is recorded', restores('putBack', 'before')],
    ['between two rules', restores('putBack', 'after')],
    ['before the end is recorded', restores('restored', 'before')],
  ])('%s leaves a restore that the next start ends, nothing twice', async (_, death) => {
    const { id } = await at.recorded([ssh, rdp]);
    const { store, died } = death(at.store);
    const dead = at.start(store);
    await dead.runs.start();
    const lease = await dead.leaseOf(id);
    dead.carryOut(id, lease.signal, lease).catch(() => undefined);
    await died;
    await dead.runs.stop();
    await dead.leases.stop();
    await database.query(`update lease set expires_at = now() - interval '1 second'`);
    expect((await at.store.restores.get(id))?.finishedAt).toBeNull();
    await plane.begin();
    expect((await at.ended(id)).state).toBe('restored');
    expect(ports()).toEqual([22, 3389]);
    const lines = (await at.store.audit.list(10)).filter(({ details }) => details.restore === id);
    expect(lines.map(({ what }) => what)).toEqual(['restore done', 'restore requested']);
  });

  test('while the hub is updated leaves a restore that recovers the hub first', async () => {
    const { id } = await at.recorded([ssh]);
    await at.store.stacks.declare({
      ...{ key: 'hub', generation: 'g' },
      arguments: { kind: 'hub', place: { partition: 'aws', accountId: '2', region: 'r' } },
    } as unknown as Parameters<Store['stacks']['declare']>[0]);
    await asHolder(at.database, 'hub', (lease) => at.store.stacks.begin('hub', {}, lease));
    await plane.begin();
    expect((await at.ended(id)).state).toBe('restored');
    expect(at.world.operations).toEqual(['recover and up hub']);
  });
});

test('a service that stops leaves a restore under way to the next start', async () => {
  const { id } = await at.recorded([ssh]);
  const gate = Promise.withResolvers<void>();
  at.world.before = () => gate.promise;
  const stopping = at.start();
  await stopping.begin();
  while (at.world.operations.length === 0) await new Promise((next) => setTimeout(next, 20));
  const end = stopping.end();
  gate.resolve();
  await end;
  expect(await at.store.restores.get(id)).toMatchObject({ state: 'pending', finishedAt: null });
  await plane.begin();
  expect((await at.ended(id)).state).toBe('restored');
});
