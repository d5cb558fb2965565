import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import { finding, remediation } from '../../../worlds/remediation-sample.ts';
import { httpWorld } from './world.ts';

const world = httpWorld();
const { ask } = world;
let eventId: string;
beforeEach(() => {
  eventId = randomUUID();
});
const closed = (...changes: Parameters<typeof remediation>[0][]) =>
  Promise.all(
    changes.map((change) =>
      world.store.remediations.append(remediation({ eventId, findings: [finding()], ...change })),
    ),
  );
const words = { owner: 'web', why: 'a partner', ticket: 'SEC-7' };
const good = { ...words, permanent: true };
const restore = (id: string, body: object = good) =>
  ask(`/v1/remediations/${encodeURIComponent(id)}/restore`, body);
const group = 'sg-0a1b2c3d4e5f60001';

describe('POST /v1/remediations/:id/restore', () => {
  test.each(['with its group', 'by its event alone'])(
    'answers 202 to a remediation %s, and where it is followed',
    async (how) => {
      await closed({});
      const answer = await restore(how === 'with its group' ? `${eventId}:${group}` : eventId);
      expect(answer).toMatchObject({
        status: 202,
        body: {
          remediation: `${eventId}:${group}`,
          state: 'pending',
          requestedBy: 'ops',
          rules: [{ ruleId: 'sgr-0a1b2c3d4e5f60001' }],
        },
      });
      expect(answer.location).toBe(`/v1/restores/${answer.body.id}`);
      expect(await ask(answer.location ?? '')).toMatchObject({ status: 200, body: answer.body });
    },
  );

  test('is found by the ids that the list gives', async () => {
    await closed({});
    const { body } = await ask('/v1/remediations?limit=1');
    expect((await restore(body.remediations[0].id)).status).toBe(202);
  });

  test.each([
    ['another event', () => randomUUID()],
    ['another group', () => `${eventId}:sg-0ffff`],
    ['no group', () => `${eventId}:`],
    ['SQL', () => `' or true --`],
  ])('answers 404 to %s', async (_, id) => {
    await closed({});
    expect(await restore(id())).toMatchObject({ status: 404, code: 'not-found' });
  });

  test('answers 409 to an event about several groups, naming each', async () => {
    await closed({}, { groupId: 'sg-0b' });
    const answer = await restore(eventId);
    expect(answer).toMatchObject({
      status: 409,
      code: 'conflict',
      message: expect.stringContaining(`${eventId}:sg-0b`),
    });
    expect((await restore(`${eventId}:sg-0b`)).status).toBe(202);
  });

  test('answers 409 to what revoked nothing, and to what has a restore, naming it', async () => {
    await closed({ findings: [] }, { groupId: 'sg-0b' });
    expect(await restore(`${eventId}:${group}`)).toMatchObject({
      status: 409,
      message: expect.stringContaining('exception into the policy file'),
    });
    const { body } = await restore(`${eventId}:sg-0b`);
    expect(await restore(`${eventId}:sg-0b`)).toMatchObject({
      status: 409,
      message: expect.stringContaining(body.id),
    });
  });

  test.each([
    [{ ...words, expires: '2020-01-01T00:00:00Z' }, 'expires'],
    [{ ...words, expires: 'tomorrow' }, 'expires'],
    [words, 'expires'],
    [{ ...good, owner: undefined }, 'owner'],
    [{ ...good, why: 'x'.repeat(501) }, 'why'],
    [{ ...good, ticket: 7 }, 'ticket'],
    [{ ...good, rules: ['sgr-0ffff'] }, 'rules'],
    [{ ...good, state: 'restored' }, 'state'],
  ])('answers 400 to %j, naming %s, and records nothing', async (body, field) => {
    await closed({});
    expect(await restore(eventId, body)).toMatchObject({
      status: 400,
      code: 'invalid-request',
      message: expect.stringContaining(field),
    });
    expect(await world.store.restores.unfinished()).toEqual([]);
    expect(await world.store.exceptions.list()).toEqual([]);
  });
});

test.each(['nonsense', randomUUID()])('GET /v1/restores/%s answers 404', async (id) => {
  expect(await ask(`/v1/restores/${id}`)).toMatchObject({ status: 404, code: 'not-found' });
});
