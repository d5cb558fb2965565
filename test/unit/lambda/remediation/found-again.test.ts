import { describe, expect, it } from 'vitest';
import { awsError, createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';

const listId = 'pl-0123456789abcdef0';
const theirs = 'sg-0a1b2c3d4e5f60002';

function createListed() {
  const world = createWorld();
  world.groups.set(groupId, [openRule(1, { CidrIpv4: undefined, PrefixListId: listId })]);
  world.groups.set(theirs, [openRule(2, { GroupId: theirs, CidrIpv4: undefined, PrefixListId: listId })]);
  world.names.set(theirs, 'theirs');
  world.owners.set(theirs, '300000000002');
  world.prefixLists.set(listId, { cidrs: ['0.0.0.0/0'], State: 'modify-complete' });
  world.associations.set(listId, [{ ResourceId: theirs, ResourceOwner: '300000000002' }]);
  return world;
}

/** The bus takes nothing while the first attempt is at work, and what uses a list no more is not listed as a user. */
async function dieUnreported(world: ReturnType<typeof createWorld>, event: object) {
  world.before.set('putEvent', () => {
    throw awsError('InternalFailure', 500);
  });
  await expect(world.handler(event)).rejects.toThrow(/^to be retried/);
  world.before.clear();
  world.associations.clear();
  expect([world.published, [...world.groups.values()].flat()]).toEqual([[], []]);
}

const places = ({ published }: ReturnType<typeof createWorld>) =>
  published.map((result) => `${result.account} ${result.groupId} ${result.outcome}`).sort();
const both = [`300000000001 ${groupId} remediated`, `300000000002 ${theirs} remediated`];

describe('groups that were found by what they allow', () => {
  it.each(['authorize-both-omitted', 'modify-without-group', 'prefix-list-edit-omitted'])(
    'because of %s are reported by the retry, although nothing is open any more',
    async (name) => {
      const world = createWorld();
      await dieUnreported(world, fixture(name));
      await world.handler(fixture(name));
      expect(world.published).toMatchObject([
        { groupId, outcome: 'remediated', findings: [{ action: 'revoked', undo: { ipPermission: {} } }] },
      ]);
    },
  );

  it('because of an edited prefix list are reported by the retry, those of other accounts too', async () => {
    const world = createListed();
    const event = fixture('prefix-list-edited');
    await dieUnreported(world, event);
    await world.handler(event);
    expect(places(world)).toEqual(both);
  });

  it('in two accounts, as a shared group is, have one result, of the account that owns it', async () => {
    const world = createListed();
    world.owners.clear();
    world.before.set('describeGroups', () => world.owners.set(theirs, '300000000002'));
    await world.handler(fixture('prefix-list-edited'));
    expect(places(world)).toEqual(both);
  });

  it('are closed all the same where the ledger does not answer, and it fails afterwards', async () => {
    const world = createListed();
    world.ledger.fail = awsError('AccessDeniedException', 403);
    await expect(world.handler(fixture('prefix-list-edited'))).rejects.toThrow(/^access-denied: /);
    expect([...world.groups.values()].flat()).toEqual([]);
  });
});
