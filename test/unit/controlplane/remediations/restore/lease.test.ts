import { afterEach, beforeEach, expect } from 'vitest';
import type { Database } from '../../../../../controlplane/store/database/database.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { closed, createRestoreWorld, group } from '../../../../worlds/restore.ts';

let database: Database;
let at: ReturnType<typeof createRestoreWorld>;
let planes: ReturnType<typeof at.start>[];

test.beforeEach(({ given: embedded }) => {
  ({ database } = embedded);
});
beforeEach(async () => {
  at = createRestoreWorld(database);
  planes = [at.start(), at.start()];
});
afterEach(async () => {
  for (const plane of planes) await plane.end();
});

const three = [closed('sgr-1', 22), closed('sgr-2', 3389), closed('sgr-3', 5432)];
const ports = () => (at.state.groups.get(group) ?? []).map(({ FromPort }) => FromPort);
const calls = () => ({ ...at.state.calls });
const runOut = () => database.query(`update lease set expires_at = now() - interval '1 second'`);
const lines = async (id: string) =>
  (await at.store.audit.list(20)).filter(({ details }) => details.restore === id).map(({ what }) => what);

/** A restore that the first worker has begun: its first rule is back, and the call for the second one is held up. */
async function heldUp() {
  const [first, second] = planes;
  if (!first || !second) throw new Error('two workers');
  const { id } = await at.recorded(three);
  const gate = Promise.withResolvers<void>();
  at.state.before = async (call) => {
    if (call === 'AuthorizeSecurityGroupIngressCommand' && ports().length === 1) {
      at.state.before = async () => {};
      await gate.promise;
    }
  };
  const lease = await first.leaseOf(id);
  const losing = new AbortController();
  await first.runs.start();
  const work = first.carryOut(id, losing.signal, lease);
  while (calls().AuthorizeSecurityGroupIngressCommand !== 2)
    await new Promise((next) => setTimeout(next, 10));
  return { id, first, second, losing, work, goOn: () => gate.resolve() };
}

test('a worker whose lease is lost in the middle does nothing more, and the next one ends the restore', async () => {
  const { id, second, losing, work, goOn } = await heldUp();
  await runOut();
  losing.abort(new Error('lost'));
  const lease = await second.leaseOf(id);
  goOn();
  await work;
  const after = calls();
  expect((await at.store.restores.get(id))?.rules.map(({ restoredAt }) => restoredAt !== null)).toEqual([
    true,
    false,
    false,
  ]);
  await new Promise((next) => setTimeout(next, 300));
  expect(calls()).toEqual(after);
  expect(await at.store.restores.get(id)).toMatchObject({ finishedAt: null });
  await second.carryOut(id, lease.signal, lease);
  expect((await at.store.restores.get(id))?.state).toBe('restored');
  expect(ports()).toEqual([22, 3389, 5432]);
  expect(await lines(id)).toEqual(['restore done', 'restore requested']);
});

test('a late write of a worker that has not noticed the loss is refused, and it ends there', async () => {
  const { id, second, work, goOn } = await heldUp();
  await runOut();
  const lease = await second.leaseOf(id);
  goOn();
  await work;
  const restore = await at.store.restores.get(id);
  expect(restore).toMatchObject({ finishedAt: null, state: 'exception-deployed' });
  expect(restore?.rules.map(({ restoredRuleId }) => restoredRuleId)).toEqual(['sgr-new1', null, null]);
  expect(calls().AuthorizeSecurityGroupIngressCommand).toBe(2);
  await second.carryOut(id, lease.signal, lease);
  expect((await at.store.restores.get(id))?.state).toBe('restored');
  expect(ports()).toEqual([22, 3389, 5432]);
  expect(await lines(id)).toEqual(['restore done', 'restore requested']);
});

test('a worker that loses its lease while the hub is updated does not put the rules back', async () => {
  const [first, second] = planes;
  if (!first || !second) throw new Error('two workers');
  const { id } = await at.recorded(three);
  const gate = Promise.withResolvers<void>();
  at.world.before = () => gate.promise;
  await first.begin();
  while (at.world.operations.length === 0) await new Promise((next) => setTimeout(next, 10));
  const taken = await database.query<{ key: string }>(
    `update lease set owner = gen_random_uuid(), token = nextval('lease_token') where key = $1 returning key`,
    [`restore:${id}`],
  );
  expect(taken).toHaveLength(1);
  gate.resolve();
  while ((await at.store.runs.unfinished()).length > 0) await new Promise((next) => setTimeout(next, 20));
  await new Promise((next) => setTimeout(next, 600));
  expect(at.state.calls).toEqual({});
  expect(await at.store.restores.get(id)).toMatchObject({ state: 'pending', finishedAt: null });
});
