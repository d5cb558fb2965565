import { describe, expect, it } from 'vitest';
import type { Accounts } from '../../../../lambda/policy/account-facts.ts';
import {
  afterEvent,
  awsError,
  createWorld,
  fixture,
  groupId,
  listRule,
  prefixListId,
} from '../../../worlds/lambda.ts';
import { exceptionOf, policyOf, publicIngress } from '../../../worlds/policy-sample.ts';

const outside = '999999999999';
const authorized = fixture('authorize-prefix-list');
const match = publicIngress.replace('match: {', 'match: { ports: { except: [443] },');

function createListed(list: object, rest = '', change = {}) {
  const policy = policyOf([match], rest);
  return createWorld({ policy, list: { cidrs: ['10.0.0.0/8'], ...list }, rules: [listRule(1, change)] });
}

describe('a prefix list of an account outside the organization', () => {
  it('that has the whole Internet is closed at once', async () => {
    const world = createListed({ OwnerId: outside, cidrs: ['0.0.0.0/0'] });
    await world.handler(authorized);
    expect(world.ruleIds()).toEqual([]);
  });

  it('is reported again when the reason changes', async () => {
    const world = createListed({ OwnerId: outside });
    await world.handler(authorized);
    world.prefixLists.set(prefixListId, { cidrs: ['no range'], OwnerId: outside });
    await world.schedule(80);
    expect(world.published.map(({ undecided }) => undecided[0]?.reason)).toEqual([
      expect.stringContaining('belongs to account'),
      expect.stringContaining('cannot be read'),
    ]);
  });

  it('whose result the bus did not accept is reported by the retry', async () => {
    const world = createListed({ OwnerId: outside });
    world.fail('putEvent', awsError('InternalFailure', 500), 1);
    await expect(world.handler(authorized)).rejects.toThrow(/to be retried/);
    await world.schedule(80);
    expect(world.published).toMatchObject([{ outcome: 'undecided' }]);
  });

  it('that the policy trusts is evaluated by its entries, and not read again', async () => {
    const world = createListed({ OwnerId: outside }, `trustPrefixListOwners: ["${outside}"]`);
    await world.handler(authorized);
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
    expect(await world.rechecks()).toEqual([]);
  });

  it('on a port that the policy does not match is clean', async () => {
    const world = createListed({ OwnerId: outside }, '', { FromPort: 443, ToPort: 443 });
    await world.handler(authorized);
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
    expect(await world.rechecks()).toEqual([]);
  });

  it('that an exception names is excepted', async () => {
    const where = `{ include: [{ groupIds: [${groupId}] }] }`;
    const allow = `{ ports: { any: [22] }, sources: { prefixLists: [${prefixListId}] } }`;
    const world = createListed({ OwnerId: outside }, `exceptions: [${exceptionOf({ where, allow })}]`);
    await world.handler(authorized);
    expect(world.published).toMatchObject([{ outcome: 'excepted' }]);
  });
});

describe('a prefix list of another account of the organization', () => {
  it.each<[string, Accounts]>([
    ['with a remediation role', {}],
    ['of an account in the account facts', { [outside]: { organizationalUnits: [], tags: {} } }],
  ])('%s is evaluated by its entries', async (_, accounts) => {
    const OwnerId = Object.keys(accounts)[0] ?? '300000000002';
    const list = { cidrs: ['10.0.0.0/8'], OwnerId };
    const world = await afterEvent(authorized, { policy: policyOf([match]), accounts, list });
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
  });

  it('is left for a retry when assuming its role is throttled', async () => {
    const world = createListed({ OwnerId: '300000000002' });
    world.fail('assumeRole', awsError('Throttling'), 2);
    await expect(world.handler(authorized)).rejects.toThrow(/to be retried/);
    await world.handler(authorized);
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
  });
});

describe('a prefix list that IPAM writes to', () => {
  const synced = { IpamPrefixListResolverTargetId: 'ipam-pl-resolver-target-1' };

  it('is clean, and read again by the schedule, which reports nothing until it has the whole Internet', async () => {
    const world = createListed(synced);
    await world.handler(authorized);
    await world.schedule(200);
    expect(world.outcomes()).toEqual(['clean']);
    world.prefixLists.set(prefixListId, { cidrs: ['0.0.0.0/0'], ...synced });
    await world.schedule(80);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[1]).toMatchObject({ outcome: 'remediated', groupId });
  });

  it.each(['resolver-target-created', 'resolver-target-modified', 'resolver-modified'])(
    'because of %s has its groups inspected then, and again minutes later',
    async (name) => {
      const world = createListed(synced);
      world.resolverTargets.set('ipam-pl-resolver-0a1b2c3d4e5f60001', [
        { PrefixListId: prefixListId, PrefixListRegion: 'eu-west-1' },
      ]);
      await world.handler(fixture(name));
      expect(world.published).toMatchObject([{ groupId, outcome: 'clean' }]);
      world.prefixLists.set(prefixListId, { cidrs: ['0.0.0.0/0'], ...synced });
      await world.schedule(3);
      expect(world.ruleIds()).toEqual([]);
    },
  );

  it('in another Region than the call has its groups found there', async () => {
    const world = createListed({ ...synced, cidrs: ['0.0.0.0/0'] });
    await world.handler({ ...fixture('resolver-target-created'), region: 'us-east-1' });
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([{ region: 'eu-west-1', outcome: 'remediated' }]);
  });

  it('by a resolver without targets is clean', async () => {
    const world = createListed(synced);
    await world.handler(fixture('resolver-modified'));
    expect(world.published).toMatchObject([
      { groupId: null, outcome: 'clean', reason: expect.stringContaining('no prefix list is a target') },
    ]);
  });

  it('by a resolver whose targets may not be listed is access denied', async () => {
    const world = createListed(synced);
    world.fail('resolverTargets', awsError('UnauthorizedOperation', 403));
    await expect(world.handler(fixture('resolver-modified'))).rejects.toThrow(/^access-denied/);
  });
});
