import { describe, expect, it } from 'vitest';
import {
  awsError,
  createWorld,
  fixture,
  groupId,
  listRule,
  otherGroupId,
  prefixListId,
  type World,
} from '../../../worlds/lambda.ts';

const theirs = { ResourceId: otherGroupId, ResourceOwner: '300000000002' };

/** A group in each of two accounts uses the prefix list. */
function createShared() {
  const world = createWorld({ list: { cidrs: ['0.0.0.0/0'] } });
  world.addGroup(otherGroupId, [listRule(2)], { name: 'theirs', owner: theirs.ResourceOwner });
  world.associations.set(prefixListId, [theirs]);
  return world;
}

/** The first attempt revokes, but the bus accepts no result. Then no group is listed as a user of the list. */
async function revokeUnreported(world: World, event: object) {
  world.before.set('putEvent', () => {
    throw awsError('InternalFailure', 500);
  });
  await expect(world.handler(event)).rejects.toThrow(/^to be retried/);
  world.before.clear();
  world.associations.clear();
  expect([world.published, [...world.groups.values()].flat()]).toEqual([[], []]);
}

const places = ({ published }: World) =>
  published.map((result) => `${result.account} ${result.groupId} ${result.outcome}`).sort();
const both = [`300000000001 ${groupId} remediated`, `300000000002 ${otherGroupId} remediated`];

describe('groups that were found by their rules', () => {
  it.each(['authorize-both-omitted', 'modify-without-group', 'prefix-list-edit-omitted'])(
    'because of %s are reported by the retry, although nothing is open any longer',
    async (name) => {
      const world = createWorld();
      await revokeUnreported(world, fixture(name));
      await world.handler(fixture(name));
      expect(world.published).toMatchObject([
        { groupId, outcome: 'remediated', findings: [{ action: 'revoked', undo: { ipPermission: {} } }] },
      ]);
    },
  );

  it('because of an edited prefix list are reported by the retry, those of other accounts too', async () => {
    const world = createShared();
    const event = fixture('prefix-list-edited');
    await revokeUnreported(world, event);
    await world.handler(event);
    expect(places(world)).toEqual(both);
  });

  it('that are listed in two accounts have one result, of the account that owns them', async () => {
    const world = createShared();
    world.owners.clear();
    world.before.set('describeGroups', () => world.owners.set(otherGroupId, theirs.ResourceOwner));
    await world.handler(fixture('prefix-list-edited'));
    expect(places(world)).toEqual(both);
  });

  it('are closed when the ledger does not answer, and the invocation fails afterwards', async () => {
    const world = createShared();
    world.ledger.fail = awsError('AccessDeniedException', 403);
    await expect(world.handler(fixture('prefix-list-edited'))).rejects.toThrow(/^access-denied: /);
    expect([...world.groups.values()].flat()).toEqual([]);
  });
});
