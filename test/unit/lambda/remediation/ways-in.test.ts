import { describe, expect, it } from 'vitest';
import {
  afterEvent,
  awsError,
  createWorld,
  fixture,
  groupId,
  listRule,
  openRule,
  otherGroupId,
  prefixListId,
  ssh,
} from '../../../worlds/lambda.ts';

describe('a call whose parameters CloudTrail omitted', () => {
  it.each([
    'authorize-both-omitted',
    'authorize-names-nothing',
    'modify-without-group',
    'prefix-list-edit-omitted',
  ])('%s closes every group of the Region that violates the policy, and no other', async (name) => {
    const world = createWorld();
    world.addGroup(otherGroupId, [openRule(2, { FromPort: 3389, ToPort: 3389 })]);
    world.addGroup('sg-3', [openRule(3, { FromPort: 443, ToPort: 443 })]);
    world.pageSize = 1;
    await world.handler(fixture(name));
    expect([...world.groups.values()].map((rules) => rules.length)).toEqual([0, 0, 1]);
    expect(world.published.map((result) => [result.groupId, result.outcome])).toEqual([
      [groupId, 'remediated'],
      [otherGroupId, 'remediated'],
    ]);
  });

  it('is reported as clean when there is no group', async () => {
    const world = await afterEvent(fixture('authorize-both-omitted'), {
      rules: [openRule(1, { FromPort: 443, ToPort: 443 })],
    });
    expect(world.published).toMatchObject([
      { outcome: 'clean', groupId: null, reason: expect.stringContaining('left out') },
    ]);
  });

  it('is reported as undecided when a rule of a group cannot be evaluated, and nothing is changed', async () => {
    const world = createWorld({ list: { cidrs: ['0.0.0.0/0'] } });
    world.fail('prefixListEntries', awsError('UnauthorizedOperation', 403));
    await world.handler(fixture('authorize-both-omitted'));
    expect(world.ruleIds()).toHaveLength(1);
    const undecided = [{ reason: expect.stringContaining('could not be read') }];
    expect(world.published).toMatchObject([{ outcome: 'undecided', groupId, undecided }]);
  });

  it('is reported as denied when the Region cannot be listed, and fails', async () => {
    const world = createWorld();
    world.fail('describeGroups', awsError('UnauthorizedOperation', 403));
    await expect(world.handler(fixture('authorize-both-omitted'))).rejects.toThrow(/^access-denied/);
    expect(world.published).toMatchObject([{ outcome: 'access-denied' }]);
  });
});

it('a call by the remediation role is closed like any other when it left something open', async () => {
  const world = await afterEvent(fixture('authorize-by-own-role'));
  expect(world.ruleIds()).toEqual([]);
  expect(world.published).toMatchObject([{ outcome: 'remediated' }]);
});

it('a group of another owner is left to the events of its own account', async () => {
  const world = createWorld();
  world.owner = '300000000002';
  await world.handler(fixture('authorize-group-of-another-owner'));
  expect(world.ruleIds()).toHaveLength(1);
  expect(world.published).toMatchObject([
    { outcome: 'ignored', reason: expect.stringContaining('account 300000000002 owns the group') },
  ]);
});

describe('an edit of a prefix list that is shared', () => {
  const shared = (ResourceOwner: string, ResourceId = otherGroupId) => {
    const world = createWorld({ list: { cidrs: ['0.0.0.0/0'] } });
    world.associations.set(prefixListId, [{ ResourceId, ResourceOwner }]);
    return world;
  };

  it('inspects the groups of other accounts with a session in each account', async () => {
    const world = shared('300000000002');
    world.addGroup(otherGroupId, [listRule(2)], { name: 'theirs', owner: '300000000002' });
    await world.handler(fixture('prefix-list-edited'));
    expect([...world.groups.values()]).toEqual([[], []]);
    expect(world.published.map(({ account, groupId: id }) => [account, id])).toEqual([
      ['300000000001', groupId],
      ['300000000002', otherGroupId],
    ]);
    expect(world.sessions.map(({ roleArn }) => roleArn)).toContain(
      'arn:aws:iam::300000000002:role/portcullis-remediation',
    );
  });

  it.each([
    ['a route table', '300000000002', 'rtb-1'],
    ['a group of the same account', '300000000001', otherGroupId],
    ['an unknown principal', 'x', otherGroupId],
  ])('ignores %s', async (_, owner, resource) => {
    const world = shared(owner, resource);
    await world.handler(fixture('prefix-list-edited'));
    expect(world.published.map((result) => result.groupId)).toEqual([groupId]);
  });

  it('closes the groups of its own account when the others cannot be listed, and fails', async () => {
    const world = shared('300000000002');
    world.fail('prefixListAssociations', awsError('UnauthorizedOperation', 403));
    await expect(world.handler(fixture('prefix-list-edited'))).rejects.toThrow(/^access-denied/);
    expect(world.ruleIds()).toEqual([]);
    expect(world.outcomes()).toEqual(['remediated', 'access-denied']);
    expect(world.published[1]?.reason).toContain('groups of other accounts that use');
  });

  it('restored to an earlier version is an edit as any other', async () => {
    const world = shared('300000000001');
    await world.handler(fixture('prefix-list-restored'));
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('an invocation that runs out of time', () => {
  it('starts no further group and is retried', async () => {
    const world = createWorld();
    await expect(world.handler(ssh, () => 5_000)).rejects.toThrow(/^to be retried: .*no time is left/);
    expect(world.ruleIds()).toHaveLength(1);
    await world.handler(ssh, () => 50_000);
    expect(world.ruleIds()).toEqual([]);
  });
});
