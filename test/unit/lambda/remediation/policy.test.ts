import { describe, expect, it } from 'vitest';
import { afterEvent, openRule, ssh } from '../../../worlds/lambda.ts';
import { exceptionOf, policyOf, publicIngress } from '../../../worlds/policy-sample.ts';

const [one, two] = ['sgr-00000000000000001', 'sgr-00000000000000002'];

describe('the handler with a policy', () => {
  it('closes both halves of the Internet', async () => {
    const world = await afterEvent(ssh, {
      policy: policyOf([publicIngress.replace('4WiderThan: 8', '4WiderThan: 1')]),
      rules: [openRule(1, { CidrIpv4: '0.0.0.0/1' }), openRule(2, { CidrIpv4: '128.0.0.0/1' })],
    });
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      { outcome: 'remediated', findings: [{ ruleId: one }, { ruleId: two }] },
    ]);
  });

  it('leaves excepted ingress open until the exception expires, and reports it', async () => {
    const expires = '2026-03-02T09:15:20Z';
    const exception = exceptionOf({ expires, where: '{ include: [{ groupTags: { ask: [test] } }] }' });
    const policy = policyOf([publicIngress], `exceptions: [${exception}]\nexceptionTag: ask`);
    const world = await afterEvent(ssh, { policy, tags: [{ Key: 'ask', Value: 'test' }] });
    expect(world.ruleIds()).toEqual([one]);
    expect(world.published).toMatchObject([
      { outcome: 'excepted', reason: `${one} is excepted by partner (until ${expires})` },
    ]);
    world.time = Date.parse(expires);
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
  });

  it('needs the facts of the account for a scope by organizational unit, and is undecided without them', async () => {
    const policy = policyOf([
      `${publicIngress}, scope: { include: [{ organizationalUnits: [Production] }] }`,
    ]);
    const unknown = await afterEvent(ssh, { policy });
    const reason = expect.stringContaining('organizational units and tags of account 300000000001');
    expect(unknown.ruleIds()).toEqual([one]);
    expect(unknown.published).toMatchObject([{ outcome: 'undecided', undecided: [{ reason }] }]);
    const accounts = { '300000000001': { organizationalUnits: ['Production'], tags: {} } };
    const known = await afterEvent(ssh, { policy, accounts });
    expect(known.ruleIds()).toEqual([]);
  });

  it('distinguishes groups of other accounts from those of the own account', async () => {
    const peer = (id: number, UserId: string) =>
      openRule(id, { CidrIpv4: undefined, ReferencedGroupInfo: { GroupId: 'sg-2', UserId } });
    const world = await afterEvent(ssh, {
      policy: policyOf(['match: { sources: { groupsOfOtherAccounts: true } }']),
      rules: [peer(1, '300000000001'), peer(2, '300000000002')],
    });
    expect(world.ruleIds()).toEqual([one]);
  });
});
