import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect } from 'vitest';
import { PortcullisError } from '../../../../controlplane/settings/errors.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { finding, remediation } from '../../../worlds/remediation-sample.ts';
import { httpWorld, token } from './world.ts';

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

describe('exceptions', () => {
  const states = async () =>
    Object.fromEntries(
      ((await ask('/v1/exceptions')).body.exceptions as { name: string; state: string }[]).map(
        ({ name, state }) => [name, state],
      ),
    );

  test('are those of the file and the stored ones, each with its state', async () => {
    await closed({}, { groupId: 'sg-0b' }, { groupId: 'sg-0c' });
    const soon = new Date(Date.now() + 6 * 24 * 3_600_000).toISOString();
    const named = async (groupId: string, body: object) =>
      (await restore(`${eventId}:${groupId}`, body)).body.rules[0].exception;
    const permanent = await named(group, good);
    const expiring = await named('sg-0b', { ...words, expires: soon });
    const ended = await named('sg-0c', good);
    await ask(`/v1/exceptions/${ended}/end`, {});
    expect(await states()).toEqual({
      written: 'expired',
      [permanent]: 'active',
      [expiring]: 'expiring',
      [ended]: 'ended',
    });
    const { body } = await ask('/v1/exceptions');
    expect(body.exceptions.find(({ name }: { name: string }) => name === ended)).toMatchObject({
      ...words,
      ...{ kept: 'store', remediation: `${eventId}:sg-0c`, createdBy: 'ops', endedBy: 'ops' },
    });
  });

  test('have pages in a stable order, with a filter by state', async () => {
    const made = [];
    for (const groupId of ['sg-0d', 'sg-0e', 'sg-0f']) {
      await closed({ groupId });
      made.push((await restore(`${eventId}:${groupId}`)).body.rules[0].exception);
    }
    const names: string[] = [];
    let path = '/v1/exceptions?limit=1';
    let { body } = await ask(path);
    const { total } = body;
    for (; ; { body } = await ask(path)) {
      expect(body.exceptions).toHaveLength(1);
      expect(body.total).toBe(total);
      names.push(body.exceptions[0].name);
      if (body.next === null) break;
      path = `/v1/exceptions?limit=1&cursor=${body.next}`;
    }
    expect(names).toHaveLength(total);
    expect(new Set(names).size).toBe(total);
    expect(names).toEqual(expect.arrayContaining(['written', ...made]));
    const expired = await ask('/v1/exceptions?state=expired');
    expect(expired.body).toMatchObject({ exceptions: [{ name: 'written' }], total: 1, next: null });
    expect(await ask('/v1/exceptions?state=old')).toMatchObject({ status: 400 });
    const [bound] = JSON.parse(
      Buffer.from((await ask('/v1/exceptions?limit=1')).body.next, 'base64url').toString(),
    );
    const forged = Buffer.from(JSON.stringify([bound, total, ['store', 'none']])).toString('base64url');
    expect(await ask(`/v1/exceptions?cursor=${forged}`)).toMatchObject({
      ...{
        status: 400,
        message: expect.stringMatching(/^cursor: is of an item that is not in the list now/),
      },
    });
  });

  test('a policy file that cannot be read is said so, and stored ones can be ended all the same', async () => {
    await closed({});
    const { body } = await restore(eventId);
    world.policy = async () =>
      Promise.reject(new PortcullisError('invalid-policy', 'line 7: rules[0].mode: write observe'));
    expect(await ask('/v1/exceptions')).toMatchObject({
      status: 500,
      code: 'invalid-policy',
      message: expect.stringContaining('line 7'),
    });
    expect((await ask(`/v1/exceptions/${body.rules[0].exception}/end`, {})).status).toBe(202);
  });

  test('one that ends leads to a run of the hub alone, and ends once', async () => {
    await closed({});
    const name = (await restore(eventId)).body.rules[0].exception;
    const answer = await ask(`/v1/exceptions/${name}/end`, {});
    expect(answer).toMatchObject({
      status: 202,
      body: { exception: { name, state: 'ended' }, run: { scope: { accounts: [] }, onlyChanged: true } },
    });
    expect(answer.location).toBe(`/v1/runs/${answer.body.run.id}`);
    const again = await ask(`/v1/exceptions/${name}/end`, {});
    expect(again.body.exception).toEqual(answer.body.exception);
    const lines = (await ask('/v1/audit')).body.audit as { what: string; details: { name?: string } }[];
    expect(
      lines.filter(({ what, details }) => what === 'exception ended' && details.name === name),
    ).toHaveLength(1);
  });

  test.each([
    ['written', 409, 'policy file'],
    ['nobodys', 404, 'nobodys'],
  ])('%s cannot be ended: %i', async (name, status, message) => {
    expect(await ask(`/v1/exceptions/${name}/end`, {})).toMatchObject({
      status,
      message: expect.stringContaining(message),
    });
    expect((await world.store.runs.page({}, { limit: 10 })).items).toEqual([]);
  });

  test('a page elsewhere cannot end one: the request has to be JSON', async () => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/plain' };
    const response = await fetch(`${world.url}/v1/exceptions/written/end`, {
      method: 'POST',
      headers,
      body: '{}',
    });
    expect(response.status).toBe(400);
  });
});

test('GET /v1/audit answers who did what, newest first, so many as asked', async () => {
  await closed({});
  await restore(eventId);
  const { body } = await ask('/v1/audit?limit=2');
  expect(body.audit).toMatchObject([
    { who: 'ops', what: 'exception created', details: { ...words, remediation: `${eventId}:${group}` } },
    { who: 'ops', what: 'restore requested', details: { account: '300000000001', region: 'eu-west-1' } },
  ]);
  expect((await ask('/v1/audit?limit=0')).status).toBe(400);
});
