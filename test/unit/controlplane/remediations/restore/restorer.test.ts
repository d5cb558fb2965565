import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { Database } from '../../../../../controlplane/store/database/database.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { closed, createRestoreWorld, group } from '../../../../worlds/restore.ts';

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
const carried = async (...findings: (typeof ssh)[]) => {
  const { id, names } = await at.recorded(findings);
  await plane.begin();
  return { names, restore: await at.ended(id) };
};

describe('a restore', () => {
  test('puts the rule back with description and tags, under an exception that the hub carries', async () => {
    let deployedFirst: boolean | undefined;
    at.world.up = async ({ key, exceptions = [] }) => {
      if (key !== 'hub') return;
      at.hub.exceptions = exceptions;
      deployedFirst = rules().length === 0;
    };
    const { restore, names } = await carried(ssh);
    expect(restore).toMatchObject({
      state: 'restored',
      rules: [{ ruleId: 'sgr-1', restoredRuleId: 'sgr-new1' }],
    });
    expect(rules()).toMatchObject([
      {
        FromPort: 22,
        CidrIpv4: '0.0.0.0/0',
        Description: 'for the partner',
        Tags: [{ Key: 'team', Value: 'web' }],
      },
    ]);
    expect({ deployedFirst, inHub: at.hub.exceptions }).toEqual({ deployedFirst: true, inHub: names });
    expect(at.world.operations).toEqual(['up hub']);
  });

  test('of several rules puts all of them back', async () => {
    expect((await carried(ssh, rdp)).restore.state).toBe('restored');
    expect(ports()).toEqual([22, 3389]);
  });

  test('of a rule that is there already is done, and leaves it alone', async () => {
    rules().push({
      SecurityGroupRuleId: 'sgr-there',
      IsEgress: false,
      IpProtocol: 'tcp',
      FromPort: 22,
      ToPort: 22,
      CidrIpv4: '0.0.0.0/0',
    });
    const { restore } = await carried(ssh);
    expect(restore).toMatchObject({ state: 'restored', rules: [{ restoredRuleId: 'sgr-there' }] });
    expect(rules()).toHaveLength(1);
  });

  test('waits for a rule that is not listed at once', async () => {
    at.state.unlisted = 2;
    expect((await carried(ssh)).restore.state).toBe('restored');
  });

  test('needs no run of the hub where that carries the exception already', async () => {
    const { id } = await at.recorded([ssh]);
    await plane.runs.start();
    const { id: run } = await plane.runs.request({
      kind: 'reconcile',
      scope: { accounts: [] },
      onlyChanged: true,
      requestedBy: 'sweep',
    });
    while (!(await at.store.runs.get(run))?.finishedAt) await new Promise((next) => setTimeout(next, 20));
    await plane.restores.start();
    expect((await at.ended(id)).state).toBe('restored');
    expect(at.world.operations).toEqual(['up hub']);
  });
});

/** Nothing is open, and the exception is neither active in the store nor in the hub after its next update. */
const nothingLetIn = async () => {
  expect(await at.store.exceptions.standing()).toEqual([]);
  const [last] = (await at.store.runs.page({}, { limit: 1 })).items;
  while (last && !(await at.store.runs.get(last.id))?.finishedAt)
    await new Promise((next) => setTimeout(next, 20));
  expect(at.hub.exceptions).toEqual([]);
};

describe('a restore fails with the reason and opens nothing,', () => {
  test('where the hub cannot be updated', async () => {
    at.world.broken.add('hub');
    const { restore } = await carried(ssh);
    expect(restore).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/hub could not be updated.*it broke/),
    });
    expect(at.state.calls).toEqual({});
    await nothingLetIn();
  });

  test('where the policy cannot be read', async () => {
    at.world.hubBundle = async () => Promise.reject(new Error('line 7: rules[0].mode: write observe'));
    const { restore } = await carried(ssh);
    expect(restore).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('line 7: rules[0].mode'),
    });
    expect(at.state.calls).toEqual({});
    await nothingLetIn();
  });

  test.each([
    [
      'the group does not exist',
      'InvalidGroup.NotFound',
      /sgr-1: the security group sg-0a1b2c3d4e5f60001 does not exist/,
    ],
    ['the access role may not', 'UnauthorizedOperation', /access role may not put it back.*deployer-policy/],
    ['the group is full', 'RulesPerSecurityGroupLimitExceeded', /RulesPerSecurityGroupLimitExceeded/],
  ])('where %s', async (_, failure, reason) => {
    at.state.failing.set('AuthorizeSecurityGroupIngressCommand', failure);
    const { restore } = await carried(ssh);
    expect(restore).toMatchObject({ state: 'failed', reason: expect.stringMatching(reason) });
    await nothingLetIn();
  });

  test('where its exception was ended before the rule was put back', async () => {
    const { id, names } = await at.recorded([ssh]);
    at.world.before = async () => {
      await at.store.exceptions.end(names[0] ?? '', 'ann');
    };
    await plane.begin();
    expect(await at.ended(id)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('was ended by ann'),
    });
    expect(at.state.calls).toEqual({});
    await nothingLetIn();
  });

  test('where its exception expired before the rule was put back', async () => {
    const { id } = await at.recorded([ssh], { expires: new Date(Date.now() + 1_000).toISOString() });
    at.world.before = () => new Promise((next) => setTimeout(next, 1_200));
    await plane.begin();
    expect(await at.ended(id)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('has expired'),
    });
    expect(at.state.calls).toEqual({});
  });
});

test('where one of two rules cannot be put back, the other stays, with an exception for it alone', async () => {
  at.state.room = 1;
  const { restore, names } = await carried(ssh, rdp);
  expect(restore).toMatchObject({
    ...{ state: 'failed', reason: expect.stringContaining('sgr-2: RulesPerSecurityGroupLimitExceeded') },
    rules: [{ restoredRuleId: 'sgr-new1' }, { restoredRuleId: null }],
  });
  expect(ports()).toEqual([22]);
  const standing = (await at.store.exceptions.standing()).map(({ exception }) => exception);
  expect(standing).toMatchObject([{ name: names[0], allow: { protocols: ['tcp'], ports: { any: [22] } } }]);
  const acts = (await at.store.audit.list(20)).filter(({ details }) => details.name === names[0]);
  expect(acts.map(({ what }) => what)).toEqual(['exception narrowed', 'exception created']);
});

test('a restore asked for while the service runs is carried out; asked for again, it is refused', async () => {
  await plane.begin();
  const plan = await at.planned([ssh]);
  expect(await plane.restores.request(plan)).toMatchObject({ id: plan.id, state: 'pending' });
  expect((await at.ended(plan.id)).state).toBe('restored');
  await expect(plane.restores.request({ ...plan, id: randomUUID() })).rejects.toMatchObject({
    code: 'conflict',
  });
});
