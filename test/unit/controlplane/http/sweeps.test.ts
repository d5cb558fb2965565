import { beforeEach, describe, expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld } from './world.ts';

const [one, two] = ['300000000001', '300000000002'];
const world = httpWorld();
beforeEach(async () => {
  const account = (id: string, state: string) => ({
    ...{ id, name: 'shop', email: '', path: 'Production', parents: ['ou-1'], unitNames: [], state },
  });
  const accounts = [account(one, 'ACTIVE'), account(two, 'SUSPENDED')];
  await world.store.accounts.seen(accounts as never, new Date());
});

const requested = async () => (await world.ask('/v1/sweeps', { scope: 'organization' })).body.id as string;

describe('POST /v1/sweeps', () => {
  test('answers 202 with a sweep of every account; one that is suspended is not checked', async () => {
    const { status, body, location } = await world.ask('/v1/sweeps', { scope: 'organization' });
    expect([status, location]).toEqual([202, `/v1/sweeps/${body.id}`]);
    expect(body).toMatchObject({ requestedBy: 'ops', scheduled: false, state: 'running', scope: {} });
    expect((await world.ask(`${location}?state=not-checked`)).body).toMatchObject({
      counts: { accounts: 2, accountsWaiting: 1, accountsNotChecked: 1, cells: 0 },
      cells: [{ accountId: two, region: null, reason: 'the account is SUSPENDED' }],
      total: 1,
    });
  });

  test.each([
    [{}, /name accounts, organizationalUnits, regions, or write "scope": "organization"/],
    [{ accounts: ['300000000009'] }, /300000000009 is not an account of the organization/],
    [{ organizationalUnits: ['ou-none'] }, /ou-none does not exist/],
    [{ regions: ['mars-1'] }, /regions: mars-1/],
    [{ everything: true }, /everything/],
  ])('refuses %j with a message that names the field', async (body, said) => {
    const { status, message } = await world.ask('/v1/sweeps', body);
    expect(status).toBe(400);
    expect(message).toMatch(said);
  });
});

test('GET /v1/sweeps lists sweeps in pages, newest first, and by their state', async () => {
  const ids = [await requested(), await requested()];
  await world.ask(`/v1/sweeps/${ids[0]}/cancel`, {});
  const { body } = await world.ask('/v1/sweeps?limit=1');
  expect(body).toMatchObject({ sweeps: [{ id: ids[1] }], next: expect.any(String) });
  const next = await world.ask(`/v1/sweeps?limit=1&cursor=${body.next}`);
  expect(next.body).toMatchObject({ sweeps: [{ id: ids[0], state: 'cancelled' }] });
  const cancelled = await world.ask('/v1/sweeps?state=cancelled&limit=1');
  expect(cancelled.body.sweeps).toMatchObject([{ id: ids[0] }]);
});

describe('POST /v1/sweeps/:id/cancel', () => {
  test('ends the sweep once; what was not read is not checked', async () => {
    const id = await requested();
    expect((await world.ask(`/v1/sweeps/${id}/cancel`, {})).body).toMatchObject({ state: 'cancelled' });
    expect((await world.ask(`/v1/sweeps/${id}`)).body).toMatchObject({
      counts: { accountsWaiting: 0, accountsNotChecked: 2 },
      cells: [
        { accountId: one, state: 'not-checked', reason: 'the sweep was cancelled' },
        { accountId: two },
      ],
    });
    expect(await world.ask(`/v1/sweeps/${id}/cancel`, {})).toMatchObject({ status: 409, code: 'conflict' });
  });

  test.each(['none', '0b9b2a4e-58a5-4a0a-9a56-3c1f2d4e5f60'])('answers 404 for %s', async (id) => {
    expect(await world.ask(`/v1/sweeps/${id}`)).toMatchObject({ status: 404, code: 'not-found' });
    expect(await world.ask(`/v1/sweeps/${id}/cancel`, {})).toMatchObject({ status: 404, code: 'not-found' });
  });
});
