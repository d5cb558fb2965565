import { describe, expect, it } from 'vitest';
import { awsError, createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';

const other = 'sg-0a1b2c3d4e5f60002';
const listId = 'pl-0123456789abcdef0';

describe('a call whose names CloudTrail left out', () => {
  it.each([
    'authorize-both-omitted',
    'authorize-names-nothing',
    'modify-without-group',
    'prefix-list-edit-omitted',
  ])('%s closes every group of the Region that is against the policy, and no other', async (name) => {
    const world = createWorld();
    world.names.set(other, 'other').set('sg-3', 'clean');
    world.groups.set(other, [openRule(2, { GroupId: other, FromPort: 3389, ToPort: 3389 })]);
    world.groups.set('sg-3', [openRule(3, { GroupId: 'sg-3', FromPort: 443, ToPort: 443 })]);
    world.pageSize = 1;
    await world.handler(fixture(name));
    expect([...world.groups.values()].map((rules) => rules.length)).toEqual([0, 0, 1]);
    expect(world.published.map((result) => [result.groupId, result.outcome])).toEqual([
      [groupId, 'remediated'],
      [other, 'remediated'],
    ]);
  });

  it('is reported as clean when there is no group', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1, { FromPort: 443, ToPort: 443 })]);
    await world.handler(fixture('authorize-both-omitted'));
    expect(world.published).toMatchObject([
      { outcome: 'clean', groupId: null, reason: expect.stringContaining('left out') },
    ]);
  });

  it('is reported as undecided when a rule of a group cannot be evaluated, and nothing is changed', async () => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1, { CidrIpv4: undefined, PrefixListId: listId })]);
    world.prefixLists.set(listId, { cidrs: ['0.0.0.0/0'], State: 'modify-complete' });
    world.fail('prefixListEntries', awsError('UnauthorizedOperation', 403));
    await world.handler(fixture('authorize-both-omitted'));
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.published).toMatchObject([
      {
        outcome: 'undecided',
        groupId,
        undecided: [{ reason: expect.stringContaining('could not be read') }],
      },
    ]);
  });

  it('is reported as denied when the Region cannot be listed, and fails', async () => {
    const world = createWorld();
    world.fail('describeGroups', awsError('UnauthorizedOperation', 403));
    await expect(world.handler(fixture('authorize-both-omitted'))).rejects.toThrow(/^access-denied/);
    expect(world.published).toMatchObject([{ outcome: 'access-denied' }]);
  });
});

describe('a call with the remediation role on', () => {
  it('is closed when it left something open: the remediation role is no exception', async () => {
    const world = createWorld();
    await world.handler(fixture('authorize-by-own-role'));
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([{ outcome: 'remediated' }]);
  });
});

describe('a group of another owner', () => {
  it('is left to its own account', async () => {
    const world = createWorld();
    world.owner = '300000000002';
    await world.handler(fixture('authorize-group-of-another-owner'));
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.published).toMatchObject([
      { outcome: 'ignored', reason: expect.stringContaining('account 300000000002 owns the group') },
    ]);
  });
});

describe('an edit of a prefix list that is shared', () => {
  const shared = (owner: string, group = other) => {
    const world = createWorld();
    world.groups.set(groupId, [openRule(1, { CidrIpv4: undefined, PrefixListId: listId })]);
    world.prefixLists.set(listId, { cidrs: ['0.0.0.0/0'], State: 'modify-complete' });
    world.associations.set(listId, [{ ResourceId: group, ResourceOwner: owner }]);
    return world;
  };

  it('looks at the groups of other accounts with a session of their own', async () => {
    const world = shared('300000000002');
    world.owners.set(other, '300000000002');
    world.names.set(other, 'theirs');
    world.groups.set(other, [openRule(2, { GroupId: other, CidrIpv4: undefined, PrefixListId: listId })]);
    await world.handler(fixture('prefix-list-edited'));
    expect([...world.groups.values()]).toEqual([[], []]);
    expect(world.published.map(({ account, groupId: id }) => [account, id])).toEqual([
      ['300000000001', groupId],
      ['300000000002', other],
    ]);
    expect(world.sessions.map(({ roleArn }) => roleArn)).toContain(
      'arn:aws:iam::300000000002:role/portcullis-remediation',
    );
  });

  it.each([
    ['a route table', '300000000002', 'rtb-1'],
    ['a group of the same account', '300000000001', other],
    ['an unknown principal', 'x', other],
  ])('passes over %s', async (_, owner, resource) => {
    const world = shared(owner, resource);
    await world.handler(fixture('prefix-list-edited'));
    expect(world.published.map((result) => result.groupId)).toEqual([groupId]);
  });

  it('still closes the groups of its own account where the others cannot be listed, and fails loudly', async () => {
    const world = shared('300000000002');
    world.fail('prefixListAssociations', awsError('UnauthorizedOperation', 403));
    await expect(world.handler(fixture('prefix-list-edited'))).rejects.toThrow(/^access-denied/);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['remediated', 'access-denied']);
    expect(world.published[1]?.reason).toContain('groups of other accounts that use');
  });

  it('restored to an earlier version is an edit as any other', async () => {
    const world = shared('300000000001');
    await world.handler(fixture('prefix-list-restored'));
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('an invocation that runs out of time', () => {
  it('begins no further group and asks to be retried', async () => {
    const world = createWorld();
    await expect(world.handler(fixture('authorize-nested'), () => 5_000)).rejects.toThrow(
      /^to be retried: .*no time is left/,
    );
    expect(world.ruleIds()).toHaveLength(1);
    await world.handler(fixture('authorize-nested'), () => 50_000);
    expect(world.ruleIds()).toEqual([]);
  });
});
