import { describe, expect, it } from 'vitest';
import { createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';
import { policyOf } from '../../../worlds/policy-sample.ts';

const ssh = fixture('authorize-nested');
const [one, two] = ['sgr-00000000000000001', 'sgr-00000000000000002'];
const world = 'match: { sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }';

describe('the handler by the whole of a policy', () => {
  it('closes both halves of the Internet', async () => {
    const apart = createWorld({ policy: policyOf([world.replace('4WiderThan: 8', '4WiderThan: 1')]) });
    apart.groups.set(groupId, [
      openRule(1, { CidrIpv4: '0.0.0.0/1' }),
      openRule(2, { CidrIpv4: '128.0.0.0/1' }),
    ]);
    await apart.handler(ssh);
    expect(apart.ruleIds()).toEqual([]);
    expect(apart.published).toMatchObject([
      { outcome: 'remediated', findings: [{ ruleId: one }, { ruleId: two }] },
    ]);
  });

  it('leaves what an exception lets through until it expires, and says so', async () => {
    const exception =
      'exceptions: [{ name: test, owner: o, why: w, ticket: t, expires: 2026-03-02T09:15:20Z, where: { include: [{ groupTags: { ask: [test] } }] }, allow: { sources: { cidrs: [0.0.0.0/0] }, ports: { any: [22] } } }]\nexceptionTag: ask';
    const open = createWorld({ policy: policyOf([world], exception) });
    open.tags = [{ Key: 'ask', Value: 'test' }];
    await open.handler(ssh);
    expect(open.ruleIds()).toEqual([one]);
    expect(open.published).toMatchObject([
      { outcome: 'excepted', reason: `${one} is excepted by test (until 2026-03-02T09:15:20Z)` },
    ]);
    open.time = Date.parse('2026-03-02T09:15:20Z');
    await open.handler(ssh);
    expect(open.ruleIds()).toEqual([]);
  });

  it('asks the organization about the account where a scope does, and is in doubt without an answer', async () => {
    const policy = policyOf([`${world}, scope: { include: [{ organizationalUnits: [Production] }] }`]);
    const doubtful = createWorld({ policy });
    await doubtful.handler(ssh);
    expect(doubtful.ruleIds()).toEqual([one]);
    expect(doubtful.published).toMatchObject([
      {
        outcome: 'undecided',
        undecided: [
          { reason: expect.stringContaining('organizational units and tags of account 300000000001') },
        ],
      },
    ]);
    const accounts = { '300000000001': { organizationalUnits: ['Production'], tags: {} } };
    const certain = createWorld({ policy, accounts });
    await certain.handler(ssh);
    expect(certain.ruleIds()).toEqual([]);
  });

  it("knows another account's group from one of its own", async () => {
    const foreign = createWorld({
      policy: policyOf(['match: { sources: { groupsOfOtherAccounts: true } }']),
    });
    const peer = (UserId: string) => ({
      CidrIpv4: undefined,
      ReferencedGroupInfo: { GroupId: 'sg-2', UserId },
    });
    foreign.groups.set(groupId, [openRule(1, peer('300000000001')), openRule(2, peer('300000000002'))]);
    await foreign.handler(ssh);
    expect(foreign.ruleIds()).toEqual([one]);
  });
});
