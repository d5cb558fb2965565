import { describe, expect, it } from 'vitest';
import { createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';
import { policyOf } from '../../../worlds/policy-sample.ts';

const exception = `
exceptionTag: exempt
exceptions:
  - name: asked
    owner: web
    why: asked for by tag
    ticket: SEC-1
    permanent: true
    where: { include: [{ groupTags: { exempt: ["yes"] } }] }
    allow: { protocols: [tcp], ports: { any: [22] }, sources: { cidrs: [0.0.0.0/0] } }`;
const policy = policyOf(
  ['match: { sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }'],
  exception,
);
const ssh = fixture('authorize-nested');
const alice = 'arn:aws:sts::300000000001:assumed-role/Developer/alice@example.com';

const by = (event: ReturnType<typeof fixture>, arn: string, id = `of-${arn}`) => {
  const changed = structuredClone(event);
  Object.assign(changed, { id });
  Object.assign(changed.detail as object, { userIdentity: { type: 'AssumedRole', arn } });
  return changed;
};

describe('a group that asks for an exception by its tag', () => {
  it('is excepted, and the result tells who tagged it and that it was who opened it', async () => {
    const world = createWorld({ policy });
    world.tags = [{ Key: 'exempt', Value: 'yes' }];
    await world.handler(fixture('tags-created'));
    await world.handler(ssh);
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.published.at(-1)).toMatchObject({
      outcome: 'excepted',
      excepted: [{ exceptions: [{ name: 'asked', expires: null }], policyRule: 'rule-1' }],
      exceptionTag: { key: 'exempt', value: 'yes', changedBy: alice, samePerson: true },
    });
  });

  it('tagged by another person is reported with that person', async () => {
    const world = createWorld({ policy });
    world.tags = [{ Key: 'exempt', Value: 'yes' }];
    await world.handler(by(fixture('tags-created'), 'arn:aws:iam::300000000001:user/bob'));
    await world.handler(ssh);
    expect(world.published.at(-1)?.exceptionTag).toMatchObject({ samePerson: false });
  });

  it('tagged after it was opened, by who opened it, is reported', async () => {
    const world = createWorld({ policy: { ...policy, mode: 'observe' } });
    await world.handler(ssh);
    world.tags = [{ Key: 'exempt', Value: 'yes' }];
    await world.handler(fixture('tags-created'));
    expect(world.published.at(-1)).toMatchObject({
      outcome: 'excepted',
      exceptionTag: { changedBy: alice, samePerson: true },
    });
  });

  it('tagged at its creation is reported with its creator', async () => {
    const world = createWorld({ policy });
    await world.handler(fixture('group-created-tagged'));
    expect(world.published).toEqual([]);
    world.tags = [{ Key: 'exempt', Value: 'yes' }];
    await world.handler(ssh);
    expect(world.published.at(-1)?.exceptionTag).toMatchObject({ changedBy: alice, samePerson: true });
  });

  it('is closed when the tag is deleted', async () => {
    const world = createWorld({ policy });
    await world.handler(fixture('tags-deleted'));
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', exceptionTag: null }]);
  });

  it('with a tag that no event reported names no one', async () => {
    const world = createWorld({ policy });
    world.tags = [{ Key: 'exempt', Value: 'yes' }];
    await world.handler(ssh);
    expect(world.published[0]?.exceptionTag).toMatchObject({ changedBy: null, samePerson: false });
  });

  it('with another value than the last reported change names no one', async () => {
    const world = createWorld({ policy });
    world.tags = [{ Key: 'exempt', Value: 'no' }];
    await world.handler(fixture('tags-created'));
    expect(world.published[0]?.exceptionTag).toMatchObject({ value: 'no', changedBy: null });
  });

  it('keeps the newer of two changes, in whichever order their events come', async () => {
    const world = createWorld({ policy });
    const late = by(fixture('tags-created'), 'arn:aws:iam::300000000001:user/bob');
    Object.assign(late.detail as object, { eventTime: '2026-03-02T09:10:00Z' });
    world.tags = [{ Key: 'exempt', Value: 'yes' }];
    await world.handler(fixture('tags-created'));
    await world.handler(late);
    await world.handler(ssh);
    expect(world.published.at(-1)?.exceptionTag).toMatchObject({ changedBy: alice });
  });
});

describe('tags that the policy does not go by', () => {
  it('are ignored: no inspection, no result, nothing stored', async () => {
    const world = createWorld();
    await world.handler(fixture('tags-created'));
    await world.handler(fixture('group-created-tagged'));
    expect(world.published).toEqual([]);
    expect(world.ledger.keys()).toEqual([]);
    expect(world.ruleIds()).toHaveLength(1);
  });
});

describe('who answers for a group', () => {
  it.each([
    [[{ Key: 'team', Value: 'payments' }], { tag: 'team', value: 'payments' }],
    [
      [
        { Key: 'team', Value: 'payments' },
        { Key: 'Owner', Value: 'eve' },
      ],
      { tag: 'Owner', value: 'eve' },
    ],
    [[{ Key: 'Name', Value: 'web' }], null],
  ])('is the first of the tags for it: %j', async (tags, owner) => {
    const world = createWorld();
    world.tags = tags;
    await world.handler(ssh);
    expect(world.published[0]?.owner).toEqual(owner);
  });

  it('is by the policy’s own keys where it names some', async () => {
    const world = createWorld({ policy: policyOf(['match: {}'], 'ownerTags: [cost-centre]') });
    world.tags = [
      { Key: 'Owner', Value: 'eve' },
      { Key: 'cost-centre', Value: '4711' },
    ];
    world.groups.set(groupId, [openRule(1)]);
    await world.handler(ssh);
    expect(world.published[0]?.owner).toEqual({ tag: 'cost-centre', value: '4711' });
  });
});
