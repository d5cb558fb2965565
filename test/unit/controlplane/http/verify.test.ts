import { beforeEach, describe, expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld } from './world.ts';

const id = '300000000001';
const world = httpWorld();
beforeEach(async () => {
  const account = {
    id,
    name: 'shop',
    email: '',
    path: 'Production',
    parents: ['ou-1'],
    unitNames: [],
    tags: {},
  };
  await world.store.accounts.seen([{ ...account, state: 'ACTIVE' } as never], new Date());
  const trail = { covered: true, trailArn: 'arn:aws:cloudtrail:eu-west-1:1:trail/all' } as const;
  await world.store.accounts.setRegions(id, [
    { region: 'eu-central-1', trail },
    { region: 'eu-west-1', trail: { covered: false, reason: 'no trail' } },
  ]);
});

describe('POST /v1/verify', () => {
  test('answers 202 with a verification that has a canary for each cell of the scope', async () => {
    const { status, body, location } = await world.ask('/v1/verify', {
      accounts: [id],
      regions: ['eu-west-1'],
    });
    expect([status, location]).toEqual([202, `/v1/verifications/${body.id}`]);
    expect((await world.ask(location)).body).toMatchObject({
      ...{ id: body.id, requestedBy: 'ops', finishedAt: null },
      cells: [{ accountId: id, region: 'eu-west-1', state: 'waiting' }],
    });
  });

  test.each([
    [{ accounts: ['300000000009'] }, /300000000009 is not an active account/],
    [{ organizationalUnits: ['ou-none'] }, /ou-none does not exist/],
    [{ regions: ['mars-1'] }, /regions: mars-1/],
    [{ everything: true }, /everything/],
  ])('refuses %j with a message that names the field', async (body, said) => {
    const { status, message } = await world.ask('/v1/verify', body);
    expect(status).toBe(400);
    expect(message).toMatch(said);
  });
});

test('GET /v1/verifications of one that does not exist answers 404', async () => {
  expect(await world.ask('/v1/verifications/none')).toMatchObject({ status: 404, code: 'not-found' });
});

test('GET /v1/coverage names the trail, the forwarding and the last verification of every cell', async () => {
  const { id: verification } = (await world.ask('/v1/verify', { accounts: [id], regions: ['eu-west-1'] }))
    .body;
  const [canary] = await world.store.cellVerifications.canaries(verification);
  await world.store.cellVerifications.end(canary?.id ?? '', {
    state: 'failed',
    message: 'CloudTrail: no trail',
  });
  const { body } = await world.ask('/v1/coverage');
  expect(body.cells).toMatchObject([
    {
      account: id,
      region: 'eu-central-1',
      trail: true,
      forwarding: 'Unknown',
      verified: 'never',
      verifiedAt: null,
    },
    { account: id, region: 'eu-west-1', trail: false, verified: 'no', message: 'CloudTrail: no trail' },
  ]);
});
