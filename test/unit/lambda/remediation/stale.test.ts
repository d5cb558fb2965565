import { describe, expect, it } from 'vitest';
import { afterEvent, createWorld, fixture, groupId, openRule, ssh } from '../../../worlds/lambda.ts';

const one = 'sgr-00000000000000001';
const edited = fixture('modify-wrapped-one');
const before = openRule(1, { CidrIpv4: '10.0.0.0/8' });

/** EC2 shows the earlier rules until so many milliseconds have passed, and then the rule that a call opened. */
function trailing(milliseconds: number, earlier = [before]) {
  const world = createWorld();
  const settled = world.time + milliseconds;
  world.before.set('describeRules', () =>
    world.groups.set(groupId, world.time < settled ? earlier : [openRule(1)]),
  );
  world.before.set('revokeIngress', () => world.before.clear());
  return world;
}

describe('a rule that an edit made wider', () => {
  it.each([1, 700, 4_900])('and that EC2 shows as it was for %i ms is closed', async (milliseconds) => {
    const world = trailing(milliseconds);
    await world.handler(edited);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', findings: [{ ruleId: one }] }]);
    expect(world.published[0]?.disagreements).toBeUndefined();
  });

  it('and that EC2 shows later is closed by the schedule a minute later', async () => {
    const world = trailing(40_000);
    await world.handler(edited);
    await world.schedule(1);
    expect(world.ruleIds()).toEqual([]);
    expect(world.outcomes()).toEqual(['clean', 'remediated']);
  });

  it('and was made narrow again is reported once, and not again by the schedule', async () => {
    const world = trailing(Number.POSITIVE_INFINITY);
    await world.handler(edited);
    expect(await world.schedule(1)).toEqual([]);
    expect(world.published).toHaveLength(1);
  });

  it('is not waited for when the edit names its protocol by number and its addresses in another spelling', async () => {
    const world = createWorld({ rules: [openRule(1, { CidrIpv4: undefined, CidrIpv6: '::/0' })] });
    const start = world.time;
    const rule = { IpProtocol: '6', FromPort: '22', ToPort: 22, CidrIpv6: '0:0::/0' };
    const SecurityGroupRule = { SecurityGroupRuleId: one, SecurityGroupRule: rule };
    const requestParameters = { ModifySecurityGroupRulesRequest: { GroupId: groupId, SecurityGroupRule } };
    await world.handler({ ...edited, detail: { ...(edited.detail as object), requestParameters } });
    expect(world.time).toBe(start);
    expect(world.ruleIds()).toEqual([]);
  });

  it('is not waited for where the call failed as a duplicate', async () => {
    const world = createWorld({ rules: [before] });
    const start = world.time;
    await world.handler(fixture('modify-duplicate'));
    expect(world.time).toBe(start);
  });
});

describe('a rule that is not listed', () => {
  it('is waited for, and closed as soon as it is listed', async () => {
    const world = trailing(3_000, []);
    await world.handler(ssh);
    expect(world.published).toMatchObject([{ outcome: 'remediated' }]);
  });

  it('because it was closed before is not waited for', async () => {
    const world = await afterEvent(ssh);
    const start = world.time;
    await world.handler({ ...ssh, id: 'replay' });
    expect(world.time).toBe(start);
    expect(world.published[1]).toMatchObject({ outcome: 'rule-gone' });
    expect(world.published[1]?.disagreements).toBeUndefined();
  });

  it('because another person revoked it is reported as missing', async () => {
    const world = await afterEvent(ssh, { rules: [] });
    expect(world.published).toMatchObject([
      { outcome: 'rule-gone', disagreements: [{ of: one, event: 'there', read: null }] },
    ]);
  });
});

describe('a call that ended with a server error', () => {
  const failed = fixture('authorize-server-error');

  it('may succeed later: the schedule inspects the group a minute later', async () => {
    const world = await afterEvent(failed, { rules: [] });
    world.groups.set(groupId, [openRule(1)]);
    await world.schedule(1);
    expect(world.ruleIds()).toEqual([]);
  });

  it.each([
    'Client.InvalidGroup.NotFound',
    'Client.UnauthorizedOperation',
    'Client.InvalidPermission.Malformed',
  ])('but after %s nothing is inspected', async (errorCode) => {
    const world = await afterEvent({ ...failed, detail: { ...(failed.detail as object), errorCode } });
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.published).toMatchObject([{ outcome: 'ignored' }]);
  });
});
