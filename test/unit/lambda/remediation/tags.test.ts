import { describe, expect, it } from 'vitest';
import { afterEvent, createWorld, fixture, groupId, ssh } from '../../../worlds/lambda.ts';
import { exceptionOf, policyOf, publicIngress } from '../../../worlds/policy-sample.ts';

const where = '{ include: [{ groupTags: { exempt: ["yes"] } }] }';
const policy = policyOf([publicIngress], `exceptionTag: exempt\nexceptions: [${exceptionOf({ where })}]`);
const alice = 'arn:aws:sts::300000000001:assumed-role/Developer/alice@example.com';
const exempt = (Value = 'yes') => [{ Key: 'exempt', Value }];
const created = fixture('tags-created');

/** The tag is created by bob, at the time given or at the time of alice's call. */
function createdByBob(change: object = {}) {
  const userIdentity = { type: 'AssumedRole', arn: 'arn:aws:iam::300000000001:user/bob' };
  return { ...created, id: 'by-bob', detail: { ...(created.detail as object), userIdentity, ...change } };
}

describe('an exception tag', () => {
  it.each([
    ['created by the caller who opened the group', [created, ssh], { changedBy: alice, samePerson: true }],
    ['created by another person', [createdByBob(), ssh], { changedBy: /user\/bob$/, samePerson: false }],
    [
      'created with the group',
      [fixture('group-created-tagged'), ssh],
      { changedBy: alice, samePerson: true },
    ],
    ['that no event reported', [ssh], { changedBy: null, samePerson: false }],
    [
      'with two changes, the later event of the older one',
      [created, createdByBob({ eventTime: '2026-03-02T09:10:00Z' }), ssh],
      { changedBy: alice },
    ],
  ])('%s is in the result, with who changed it', async (_, events, { changedBy, ...change }) => {
    const world = createWorld({ policy, tags: exempt() });
    for (const event of events) await world.handler(event);
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.published.at(-1)).toMatchObject({
      outcome: 'excepted',
      excepted: [{ exceptions: [{ name: 'partner', expires: null }], policyRule: 'rule-1' }],
      exceptionTag: {
        ...{ key: 'exempt', value: 'yes', ...change },
        changedBy: changedBy instanceof RegExp ? expect.stringMatching(changedBy) : changedBy,
      },
    });
  });

  it('created after the group was opened, by the same person, is in the result', async () => {
    const world = await afterEvent(ssh, { policy: { ...policy, mode: 'observe' } });
    world.tags = exempt();
    await world.handler(created);
    expect(world.published.at(-1)).toMatchObject({
      outcome: 'excepted',
      exceptionTag: { changedBy: alice, samePerson: true },
    });
  });

  it('with another value than the last reported change names no one', async () => {
    const world = await afterEvent(created, { policy, tags: exempt('no') });
    expect(world.published[0]?.exceptionTag).toMatchObject({ value: 'no', changedBy: null });
  });

  it('that is deleted ends the exception', async () => {
    const world = await afterEvent(fixture('tags-deleted'), { policy });
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', exceptionTag: null }]);
  });

  it('that was deleted and that EC2 still shows for 3 s excepts nothing', async () => {
    const world = createWorld({ policy });
    const settled = world.time + 3_000;
    world.before.set('describeGroups', () => {
      world.tags = world.time < settled ? exempt() : [];
    });
    await world.handler(fixture('tags-deleted'));
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[0]?.disagreements).toBeUndefined();
  });

  it('that was deleted and that EC2 still shows after 5 s is reported, and inspected by the schedule', async () => {
    const world = await afterEvent(fixture('tags-deleted'), { policy, tags: exempt() });
    expect(world.published).toMatchObject([
      { outcome: 'excepted', disagreements: [{ of: 'tag exempt', event: null, read: 'yes' }] },
    ]);
    world.tags = [];
    await world.schedule(1);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published[1]).toMatchObject({ outcome: 'remediated', groupId });
  });
});

it('tags that the policy does not name are ignored: no inspection, no result, nothing stored', async () => {
  const world = await afterEvent(created);
  await world.handler(fixture('group-created-tagged'));
  expect(world.published).toEqual([]);
  expect(world.ledger.keys()).toEqual([]);
  expect(world.ruleIds()).toHaveLength(1);
});

describe('the owner of a group', () => {
  const listed = { team: 'payments', Owner: 'eve', 'cost-centre': '4711' };
  const byTag = policyOf(['match: {}'], 'ownerTags: [cost-centre]');

  it.each<[string, (keyof typeof listed | 'Name')[], keyof typeof listed | null, typeof policy]>([
    ['has the tag for it', ['team'], 'team', policy],
    ['has two tags for it', ['team', 'Owner'], 'Owner', policy],
    ['has no tag for it', ['Name'], null, policy],
    ['has the tag that the policy names', ['Owner', 'cost-centre'], 'cost-centre', byTag],
  ])('is the value of the first owner tag when the group %s', async (_, keys, tag, by) => {
    const values = { ...listed, Name: 'web' };
    const tags = keys.map((Key) => ({ Key, Value: values[Key] }));
    const world = await afterEvent(ssh, { policy: by, tags });
    expect(world.published[0]?.owner).toEqual(tag && { tag, value: listed[tag] });
  });
});
