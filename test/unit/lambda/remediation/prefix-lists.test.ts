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

const edited = fixture('prefix-list-edited');
const one = 'sgr-00000000000000001';
const open = { cidrs: ['0.0.0.0/0'] };

describe('a rule whose source is a prefix list', () => {
  it('is revoked when any page of the list has the whole Internet', async () => {
    const world = await afterEvent(ssh, { list: { cidrs: ['10.0.0.0/8', '203.0.113.0/24', '0.0.0.0/0'] } });
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      { outcome: 'remediated', findings: [{ ruleId: one, source: prefixListId, action: 'revoked' }] },
    ]);
  });

  it('stays when the list is narrow', async () => {
    const world = await afterEvent(ssh, { list: { cidrs: ['10.0.0.0/8', '203.0.113.0/24'] } });
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
  });

  it.each([
    [
      'is of AWS and the policy does not trust it',
      { list: { ...open, OwnerId: 'AWS', PrefixListName: 'com.amazonaws.x' } },
      /com.amazonaws.x, which the policy does not trust/,
    ],
    ['does not exist', { rules: [listRule(1)] }, /could not be read: InvalidPrefixListID.NotFound/],
  ])('is undecided when the list %s', async (_, settings, reason) => {
    const world = await afterEvent(ssh, settings);
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([
      { outcome: 'undecided', undecided: [{ ruleId: one, reason: expect.stringMatching(reason) }] },
    ]);
    expect(world.slack.posts).toHaveLength(1);
  });

  it.each(['describePrefixList', 'prefixListEntries'] as const)(
    'is undecided when %s is denied, and other rules are closed',
    async (call) => {
      const world = createWorld({ list: open, rules: [listRule(1), openRule(2)] });
      world.fail(call, awsError('UnauthorizedOperation', 403));
      await world.handler(ssh);
      expect(world.ruleIds()).toEqual([one]);
      const reason = expect.stringContaining('UnauthorizedOperation');
      expect(world.published).toMatchObject([
        { outcome: 'remediated', undecided: [{ ruleId: one, reason }] },
      ]);
    },
  );

  it('is left for a retry when reading the list is throttled', async () => {
    const world = createWorld({ list: open });
    world.fail('prefixListEntries', awsError('Throttling'), 1);
    await expect(world.handler(ssh)).rejects.toThrow(/to be retried/);
    expect(world.ruleIds()).toEqual([one]);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
  });
});

describe('an edited prefix list', () => {
  const editing = { cidrs: ['10.0.0.0/8'], State: 'modify-in-progress' as const };

  it('closes the group that uses it once the edit is complete', async () => {
    const world = createWorld({ list: editing });
    let readings = 0;
    world.before.set('describePrefixList', () => {
      readings += 1;
      if (readings === 3) world.prefixLists.set(prefixListId, open);
    });
    await world.handler(edited);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      { eventName: 'ModifyManagedPrefixList', groupId, outcome: 'remediated' },
    ]);
  });

  it('whose edit takes long is left for a retry', async () => {
    const world = createWorld({ list: editing });
    await expect(world.handler(edited)).rejects.toThrow(/to be retried: .*still being edited/);
    expect(world.published).toEqual([]);
  });

  it('evaluates every group that uses it, over all pages, and changes no other', async () => {
    const world = createWorld({ list: open });
    world.pageSize = 1;
    world.addGroup(otherGroupId, [listRule(2), listRule(3)]);
    world.addGroup('sg-0a1b2c3d4e5f60003', [openRule(4)]);
    world.addGroup('sg-0a1b2c3d4e5f60004', [listRule(5, { IsEgress: true })]);
    await world.handler(edited);
    expect([...world.groups.values()].map((rules) => rules.length)).toEqual([0, 0, 1, 1]);
    expect(world.published.map((result) => [result.groupId, result.outcome])).toEqual([
      [groupId, 'remediated'],
      [otherGroupId, 'remediated'],
    ]);
  });

  it('that no group uses is clean', async () => {
    const world = await afterEvent(edited);
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([
      { groupId: null, outcome: 'clean', reason: `no group allows ingress from prefix list ${prefixListId}` },
    ]);
  });

  it('in a member account that denies the listing is access-denied', async () => {
    const world = createWorld({ list: open });
    world.fail('describeRules', awsError('UnauthorizedOperation', 403));
    await expect(world.handler(edited)).rejects.toThrow(/^access-denied/);
    expect(world.published).toMatchObject([{ outcome: 'access-denied', groupId: null }]);
  });
});
