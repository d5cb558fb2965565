import { expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld } from './world.ts';

const world = httpWorld();

test.each(['/v1/reconcile', '/v1/verify'])(
  'POST %s about a Region that does not exist is refused, and nothing is recorded',
  async (path) => {
    expect(await world.ask(path, { regions: ['eu-central-1', 'eu-wset-1'] })).toMatchObject({
      ...{ status: 400, code: 'invalid-request' },
      message: 'regions: eu-wset-1 is not a known AWS Region; did you mean eu-west-1?',
    });
    expect((await world.store.runs.page({}, { limit: 10 })).items).toEqual([]);
    expect(await world.store.cellVerifications.unfinished()).toEqual([]);
  },
);

test('a preview about a Region that does not exist is refused before anything runs', async () => {
  const { status } = await world.ask('/v1/reconcile', { preview: true, regions: ['eu-wset-1'] });
  expect([status, (await world.store.runs.page({}, { limit: 10 })).items]).toEqual([400, []]);
});

test('a Region that AWS answers is taken, though this program does not list it', async () => {
  const { status } = await world.ask('/v1/reconcile', { regions: ['eu-west-9'] });
  expect(status).toBe(202);
});
