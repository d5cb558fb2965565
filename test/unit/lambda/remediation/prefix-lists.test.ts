import { describe, expect, it } from 'vitest';
import { awsError, createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';

const listId = 'pl-0123456789abcdef0';
const edited = fixture('prefix-list-edited');
const authorized = fixture('authorize-nested');
const [one] = ['sgr-00000000000000001'];
const listed = { CidrIpv4: undefined, PrefixListId: listId };

function createListed(cidrs: string[], change = {}) {
  const world = createWorld();
  world.groups.set(groupId, [openRule(1, listed)]);
  world.prefixLists.set(listId, { cidrs, State: 'modify-complete', ...change });
  return world;
}

describe('a rule whose source is a prefix list', () => {
  it('is revoked where the list holds the world, on whichever page', async () => {
    const world = createListed(['10.0.0.0/8', '203.0.113.0/24', '0.0.0.0/0']);
    await world.handler(authorized);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      { outcome: 'remediated', findings: [{ ruleId: one, source: listId, action: 'revoked' }] },
    ]);
  });

  it('stays where the list is narrow', async () => {
    const world = createListed(['10.0.0.0/8', '203.0.113.0/24']);
    await world.handler(authorized);
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
  });

  it.each([
    [
      'is of AWS and the policy does not trust it',
      { OwnerId: 'AWS', PrefixListName: 'com.amazonaws.x' },
      /com.amazonaws.x, which the policy does not trust/,
    ],
    ['is not to be found', null, /could not be read: InvalidPrefixListID.NotFound/],
  ])('is undecided where the list %s', async (_, change, reason) => {
    const world = createListed(['0.0.0.0/0'], change ?? {});
    if (!change) world.prefixLists.clear();
    await world.handler(authorized);
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([
      { outcome: 'undecided', undecided: [{ ruleId: one, reason: expect.stringMatching(reason) }] },
    ]);
    expect(world.slack.posts).toHaveLength(1);
  });

  it.each(['describePrefixList', 'prefixListEntries'] as const)(
    'is undecided where %s is denied, and others are closed',
    async (call) => {
      const world = createListed(['0.0.0.0/0']);
      world.groups.set(groupId, [openRule(1, listed), openRule(2)]);
      world.fail(call, awsError('UnauthorizedOperation', 403));
      await world.handler(authorized);
      expect(world.ruleIds()).toEqual([one]);
      expect(world.published).toMatchObject([
        {
          outcome: 'remediated',
          undecided: [{ ruleId: one, reason: expect.stringContaining('UnauthorizedOperation') }],
        },
      ]);
    },
  );

  it('is left for a retry where the list cannot be read just now', async () => {
    const world = createListed(['0.0.0.0/0']);
    world.fail('prefixListEntries', awsError('Throttling'), 1);
    await expect(world.handler(authorized)).rejects.toThrow(/to be retried/);
    expect(world.ruleIds()).toEqual([one]);
    await world.handler(authorized);
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('an edited prefix list', () => {
  it('closes the group that uses it once the edit is complete', async () => {
    const world = createListed(['10.0.0.0/8'], { State: 'modify-in-progress' });
    let looks = 0;
    world.before.set('describePrefixList', () => {
      looks += 1;
      if (looks === 3) world.prefixLists.set(listId, { cidrs: ['0.0.0.0/0'], State: 'modify-complete' });
    });
    await world.handler(edited);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      { eventName: 'ModifyManagedPrefixList', groupId, outcome: 'remediated' },
    ]);
  });

  it('whose edit takes long is left for a retry', async () => {
    const world = createListed(['10.0.0.0/8'], { State: 'modify-in-progress' });
    await expect(world.handler(edited)).rejects.toThrow(/to be retried: .*still being edited/);
    expect(world.published).toEqual([]);
  });

  it('evaluates every group that uses it, over all pages, and changes no other', async () => {
    const world = createListed(['0.0.0.0/0']);
    world.pageSize = 1;
    const [other, bystander, outward] = [
      'sg-0a1b2c3d4e5f60002',
      'sg-0a1b2c3d4e5f60003',
      'sg-0a1b2c3d4e5f60004',
    ];
    world.groups.set(other, [
      openRule(2, { ...listed, GroupId: other }),
      openRule(3, { ...listed, GroupId: other }),
    ]);
    world.groups.set(bystander, [openRule(4, { GroupId: bystander })]);
    world.groups.set(outward, [openRule(5, { ...listed, GroupId: outward, IsEgress: true })]);
    await world.handler(edited);
    expect([...world.groups.values()].map((rules) => rules.length)).toEqual([0, 0, 1, 1]);
    expect(world.published.map((result) => [result.groupId, result.outcome])).toEqual([
      [groupId, 'remediated'],
      [other, 'remediated'],
    ]);
  });

  it('that no group uses is clean', async () => {
    const world = createWorld();
    await world.handler(edited);
    expect(world.published).toMatchObject([
      { groupId: null, outcome: 'clean', reason: `no group lets prefix list ${listId} in` },
    ]);
  });

  it('in a member that denies the listing is access denied', async () => {
    const world = createListed(['0.0.0.0/0']);
    world.fail('describeRules', awsError('UnauthorizedOperation', 403));
    await expect(world.handler(edited)).rejects.toThrow(/^access-denied/);
    expect(world.published).toMatchObject([{ outcome: 'access-denied', groupId: null }]);
  });
});
