import { beforeAll, describe, expect } from 'vitest';
import {
  renderConfirmation,
  renderConfirmations,
} from '../../../../controlplane/cli/commands/confirmations.ts';
import { digestOf } from '../../../../controlplane/offboarding/guard.ts';
import { changeOf } from '../../../../controlplane/settings/policy-change.ts';
import type { Confirmation } from '../../../../controlplane/store/confirmations.ts';
import { ask as askPerson } from '../../../../controlplane/store/confirmations.ts';
import { openOffboardings, recordOffboardings } from '../../../../controlplane/store/offboarding.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld } from './world.ts';

const world = httpWorld();
const { ask } = world;
const key = 'account-300000000001';
const since = new Date('2026-11-01T00:00:00Z');
const stack = {
  ...{ key, accountId: '300000000001', region: null },
  ...{ what: 'destroy' as const, because: 'out of scope' },
};

let asked: Confirmation;
beforeAll(async () => {
  asked = await world.store.offboarding.alone(async (query) => {
    await recordOffboardings(query, [stack], 'listing', since);
    const words = {
      about: 'destroy 1 stack in 1 account',
      why: '1 stack is more than 0',
      hold: 'deletions' as const,
    };
    const stacks = [{ ...stack, accountName: 'shop' }];
    const digest = digestOf(await openOffboardings(query));
    return (await askPerson(query, { ...words, digest, stacks }, new Date())).confirmation;
  });
  await world.store.archivedStacks.archive(
    {
      ...{ key, since, accountId: '300000000001', accountName: 'shop', kind: 'account', region: null },
      ...{ reason: 'the account is CLOSED', generation: 'g', conditions: {}, state: '{"version":3}' },
    },
    since,
  );
});

test('GET /v1/confirmations answers what waits, with each stack and the digest', async () => {
  const { status, body } = await ask('/v1/confirmations');
  expect(status).toBe(200);
  expect(body.confirmations).toMatchObject([
    { id: asked.id, state: 'open', digest: asked.digest, stacks: [{ key, accountName: 'shop' }] },
  ]);
});

test('GET /v1/confirmations has pages and a filter; one confirmation is read by its id', async () => {
  const page = await ask('/v1/confirmations?state=open&limit=1');
  expect(page.body).toMatchObject({ confirmations: [{ id: asked.id }], total: 1, next: null });
  expect((await ask('/v1/confirmations?state=refused')).body).toMatchObject({ confirmations: [], total: 0 });
  expect(await ask('/v1/confirmations?state=opne')).toMatchObject({
    status: 400,
    message: expect.stringMatching(/^state: /),
  });
  expect(await ask(`/v1/confirmations/${asked.id}`)).toMatchObject({ status: 200, body: { id: asked.id } });
  expect(await ask('/v1/confirmations/another')).toMatchObject({ status: 404 });
});

test.each([
  ['a body without digest', () => asked.id, {}, 400, /digest/],
  ['another digest', () => asked.id, { digest: 'f00d' }, 409, /another set/],
  ['an id that is none', () => 'nobodys', { digest: 'f00d' }, 404, /nobodys/],
  ['an unknown id', () => '00000000-0000-4000-8000-000000000000', { digest: 'f00d' }, 404, /does not exist/],
])('%s is refused', async (_, id, body, status, message) => {
  expect(await ask(`/v1/confirmations/${id()}/confirm`, body)).toMatchObject({
    status,
    message: expect.stringMatching(message),
  });
  expect((await world.store.offboarding.get(key))?.clearedAt).toBeNull();
});

test('a refusal is taken back by a confirmation, which lets the stacks go and wakes them', async () => {
  const answer = (word: string) => ask(`/v1/confirmations/${asked.id}/${word}`, { digest: asked.digest });
  expect((await answer('refuse')).body).toMatchObject({ state: 'refused', decidedBy: 'ops' });
  expect(world.woken).toEqual([]);
  expect(await answer('confirm')).toMatchObject({
    status: 200,
    body: { state: 'confirmed', decidedBy: 'ops' },
  });
  expect(world.woken).toEqual([key]);
  expect(await world.store.offboarding.get(key)).toMatchObject({
    confirmationId: asked.id,
    clearedAt: expect.any(Date),
  });
});

test('archived stacks are listed without their state, which is answered by key', async () => {
  const { body } = await ask('/v1/archived-stacks');
  expect(body.archivedStacks).toMatchObject([
    { key, reason: 'the account is CLOSED', hasState: true, returnedAt: null },
  ]);
  expect(body.archivedStacks[0]).not.toHaveProperty('state');
  expect((await ask(`/v1/archived-stacks/${key}/state`)).body).toEqual({ version: 3 });
  expect(await ask('/v1/archived-stacks/account-300000000009/state')).toMatchObject({
    status: 404,
    code: 'not-found',
  });
});

test('the state of an archived stack is not for strangers', async () => {
  expect((await fetch(`${world.url}/v1/archived-stacks/${key}/state`)).status).toBe(401);
});

test('a person reads what would be done, why it is asked, and how to answer', () => {
  expect(renderConfirmations([])).toBe('nothing waits for a person');
  const text = renderConfirmations([{ ...asked, stacks: [{ ...stack, accountName: 'shop\u001b[2J' }] }]);
  expect(text).toContain('would destroy 1 stack in 1 account\nasked because 1 stack is more than 0');
  expect(text).toMatch(/account-300000000001 {2}shop \[2J {2}destroy {2}out of scope/);
  expect(text).toContain(`portcullis confirm ${asked.id}, or refuse`);
  const confirmed: Confirmation = { ...asked, state: 'confirmed', decidedBy: 'ops' };
  expect(renderConfirmations([confirmed])).toBe(`${asked.id} confirmed by ops: destroy 1 stack in 1 account`);
  expect(renderConfirmation(confirmed)).toContain(`${asked.id} confirmed, until `);
});

describe('an edit that lowers the policy', () => {
  const text = 'version: 1\nrules: [{ name: all, match: {}, mode: observe }]\n';
  const change = changeOf(parsePolicy(text.replace('observe', 'revoke')), parsePolicy(text));
  const source = { file: '/etc/policy.yaml', host: 'host-1', owner: { uid: 7, user: 'ann' } };
  const question = () =>
    world.store.offboarding.alone(async (query) => {
      const words = {
        digest: 'd16e57',
        hold: 'policy' as const,
        about: 'lower the policy: rule all',
        why: 'ann did',
      };
      const policy = {
        kind: 'policy-mode',
        policy: { ...change, source },
        policyText: text,
        by: 'ann@host-1',
      } as const;
      return (await askPerson(query, { ...words, stacks: [] }, new Date(), policy)).confirmation;
    });

  test('is listed without its text, and is in force once confirmed by its digest', async () => {
    const { id, digest } = await question();
    const { body } = await ask('/v1/confirmations');
    const [listed] = body.confirmations;
    expect(listed).toMatchObject({
      id,
      kind: 'policy-mode',
      state: 'open',
      policy: { to: change.to, source },
    });
    expect(JSON.stringify(listed)).not.toContain('version: 1');
    expect(await ask(`/v1/confirmations/${id}/confirm`, { digest: 'f00d' })).toMatchObject({ status: 409 });
    expect(await world.store.policies.confirmed()).toBeUndefined();
    world.woken.length = 0;
    expect(await ask(`/v1/confirmations/${id}/confirm`, { digest })).toMatchObject({
      ...{ status: 200, body: { state: 'confirmed', decidedBy: 'ops' } },
    });
    expect(await world.store.policies.confirmed()).toMatchObject({
      text,
      digest: change.to,
      confirmedBy: 'ops',
    });
    expect(world.woken).toEqual(['hub']);
  });

  test('is shown with what else it changes, and no word of it moves the cursor', async () => {
    const shown = renderConfirmation({ ...(await question()), about: 'lower the policy: rule a\u001b[2Jb' });
    expect(shown).toContain('would lower the policy: rule a [2Jb\nasked because ann did\n');
    expect(shown).toContain('file /etc/policy.yaml on host-1\n');
    expect(shown).toContain(
      `digest ${change.from?.slice(0, 12)} -> ${change.to.slice(0, 12)}, strongest mode revoke -> observe`,
    );
    expect(shown).toContain('rules changed: all');
    expect(shown).not.toContain('STACK');
  });
});
