import { describe, expect, it } from 'vitest';
import { awsError, createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';
import { policyOf } from '../../../worlds/policy-sample.ts';

const listId = 'pl-0123456789abcdef0';
const outside = '999999999999';
const authorized = fixture('authorize-prefix-list');
const listed = { CidrIpv4: undefined, PrefixListId: listId };
const match =
  'match: { ports: { except: [443] }, sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }';

function createListed(list: object, rest = '', change = {}) {
  const world = createWorld({ policy: policyOf([match], rest) });
  world.groups.set(groupId, [openRule(1, { ...listed, ...change })]);
  world.prefixLists.set(listId, { cidrs: ['10.0.0.0/8'], State: 'modify-complete', ...list });
  return world;
}

/** So many minutes, with the schedule in each. */
async function turns(world: ReturnType<typeof createWorld>, minutes: number) {
  for (let left = minutes; left > 0; left -= 1) {
    world.time += 60_000;
    await world.handler({
      ...{ id: `tick-${world.time}`, source: 'aws.events', 'detail-type': 'Scheduled Event' },
      ...{ account: '222222222222', region: 'eu-west-1', detail: {} },
    });
  }
}
const due = (world: ReturnType<typeof createWorld>) =>
  Promise.all(
    world.ledger
      .keys()
      .filter((key) => key.startsWith('due/'))
      .map((key) => world.ledger.members(key)),
  );

describe('a prefix list of an account outside the organization', () => {
  it('that holds the world is closed at once', async () => {
    const world = createListed({ OwnerId: outside, cidrs: ['0.0.0.0/0'] });
    await world.handler(authorized);
    expect(world.ruleIds()).toEqual([]);
  });

  it('is reported again where the reason changes', async () => {
    const world = createListed({ OwnerId: outside });
    await world.handler(authorized);
    world.prefixLists.set(listId, { cidrs: ['no range'], OwnerId: outside });
    await turns(world, 80);
    expect(world.published.map(({ undecided }) => undecided[0]?.reason)).toEqual([
      expect.stringContaining('belongs to account'),
      expect.stringContaining('cannot be read'),
    ]);
  });

  it('whose result the bus did not take is reported by the retry', async () => {
    const world = createListed({ OwnerId: outside });
    world.fail('putEvent', awsError('InternalFailure', 500), 1);
    await expect(world.handler(authorized)).rejects.toThrow(/to be retried/);
    await turns(world, 80);
    expect(world.published).toMatchObject([{ outcome: 'undecided' }]);
  });

  it('that the policy trusts is judged by its entries, and not read again', async () => {
    const world = createListed({ OwnerId: outside }, `trustPrefixListOwners: ["${outside}"]`);
    await world.handler(authorized);
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
    expect(await due(world)).toEqual([]);
  });

  it('on a port that the policy does not judge is no matter', async () => {
    const world = createListed({ OwnerId: outside }, '', { FromPort: 443, ToPort: 443 });
    await world.handler(authorized);
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
    expect(await due(world)).toEqual([]);
  });

  it('that an exception names is excepted', async () => {
    const world = createListed(
      { OwnerId: outside },
      `exceptions:
  - name: partner
    owner: web
    why: a partner
    ticket: SEC-1
    permanent: true
    where: { include: [{ groupIds: [${groupId}] }] }
    allow: { ports: { any: [22] }, sources: { prefixLists: [${listId}] } }`,
    );
    await world.handler(authorized);
    expect(world.published).toMatchObject([{ outcome: 'excepted' }]);
  });
});

describe('a prefix list of another account of the organization', () => {
  it.each<[string, object]>([
    ['with a remediation role', {}],
    ['that the account facts hold', { [outside]: { organizationalUnits: [], tags: {} } }],
  ])('%s is judged by its entries', async (_, accounts) => {
    const world = createWorld({ policy: policyOf([match]), accounts: accounts as never });
    world.groups.set(groupId, [openRule(1, listed)]);
    const OwnerId = Object.keys(accounts)[0] ?? '300000000002';
    world.prefixLists.set(listId, { cidrs: ['10.0.0.0/8'], OwnerId });
    await world.handler(authorized);
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
  });

  it('is left for a retry where that cannot be found out just now', async () => {
    const world = createListed({ OwnerId: '300000000002' });
    world.fail('assumeRole', awsError('Throttling'), 2);
    await expect(world.handler(authorized)).rejects.toThrow(/to be retried/);
    await world.handler(authorized);
    expect(world.published).toMatchObject([{ outcome: 'clean' }]);
  });
});

describe('a prefix list that IPAM writes to', () => {
  const synced = { IpamPrefixListResolverTargetId: 'ipam-pl-resolver-target-1' };

  it('is clean, and read again by the schedule, which says nothing until it holds the world', async () => {
    const world = createListed(synced);
    await world.handler(authorized);
    await turns(world, 200);
    expect(world.published.map(({ outcome }) => outcome)).toEqual(['clean']);
    world.prefixLists.set(listId, { cidrs: ['0.0.0.0/0'], ...synced });
    await turns(world, 80);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[1]).toMatchObject({ outcome: 'remediated', groupId });
  });

  it.each(['resolver-target-created', 'resolver-target-modified', 'resolver-modified'])(
    'because of %s has its groups inspected then, and again minutes later',
    async (name) => {
      const world = createListed(synced);
      world.resolverTargets.set('ipam-pl-resolver-0a1b2c3d4e5f60001', [
        { PrefixListId: listId, PrefixListRegion: 'eu-west-1' },
      ]);
      await world.handler(fixture(name));
      expect(world.published).toMatchObject([{ groupId, outcome: 'clean' }]);
      world.prefixLists.set(listId, { cidrs: ['0.0.0.0/0'], ...synced });
      await turns(world, 3);
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
