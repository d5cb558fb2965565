import { randomUUID } from 'node:crypto';
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { beforeEach, describe, expect, it } from 'vitest';
import { lambdaPermissions } from '../../../programs/policies.ts';
import { scheduled } from '../../worlds/lambda.ts';
import { policyOf, publicIngress } from '../../worlds/policy-sample.ts';
import { editList, ingressOf, letListIn, openGroup } from './iam-groups.ts';
import { hub } from './iam-hub.ts';
import { accounts, region, useStage } from './rights-stage.ts';

const stage = useStage();
const [account, other] = accounts;
const member = { accountId: account, region };
const world = publicIngress.replace('match: {', 'match: { ports: { except: [443] },');
const closing = policyOf([world]);
const narrowing = policyOf([`${world}, narrowTo: [203.0.113.0/24]`]);
const { Statement } = JSON.parse(lambdaPermissions(hub, 'bus', { organizationId: 'o-1' }));
const ofTheLedger: string[] = Statement.flatMap(({ Action }: { Action: string | string[] }) => Action).filter(
  (action: string) => action.startsWith('dynamodb:'),
);
const channels = { sns: { status: 'sent' }, securityHub: { status: 'sent' } };

/** Messages that are left from an earlier test. */
beforeEach(async () => {
  await Promise.all([stage.results(), stage.notified()]);
});

describe('with every permission that can be enabled', () => {
  it('the group is closed, the topic has the message, and Security Hub the finding', async () => {
    await stage.permit();
    const { groupId, event } = await openGroup(stage.ec2, member);
    expect(await stage.run(closing, event)).toBeUndefined();
    expect(await ingressOf(stage.ec2, groupId)).toEqual(['443 0.0.0.0/0']);
    expect(await stage.results()).toMatchObject([{ groupId, outcome: 'remediated', notification: channels }]);
    const [message, ...more] = await stage.notified();
    expect(more).toEqual([]);
    expect(JSON.parse(Object(message).Message)).toMatchObject({ groupId, outcome: 'remediated' });
    expect(await stage.findings(groupId)).toMatchObject([
      { AwsAccountId: account, Compliance: { Status: 'PASSED' }, RecordState: 'ARCHIVED' },
    ]);
  });

  it('the office is allowed instead of the world', async () => {
    await stage.permit();
    const { groupId, event } = await openGroup(stage.ec2, member);
    expect(await stage.run(narrowing, event)).toBeUndefined();
    expect(await ingressOf(stage.ec2, groupId)).toEqual(['22 203.0.113.0/24', '443 0.0.0.0/0']);
    expect(await stage.results()).toMatchObject([
      { outcome: 'remediated', findings: [{ action: 'narrowed', narrowed: { to: ['203.0.113.0/24'] } }] },
    ]);
    expect(await stage.run(narrowing, { ...event, id: randomUUID() })).toBeUndefined();
    expect(await ingressOf(stage.ec2, groupId)).toEqual(['22 203.0.113.0/24', '443 0.0.0.0/0']);
  });

  it('a prefix list edited in one account closes the groups of another that use it', async () => {
    await stage.permit();
    const { groupId, prefixListId, event } = await editList(stage.ec2, member);
    const theirs = await letListIn(stage.ec2Elsewhere, prefixListId);
    expect(await stage.run(closing, event)).toBeUndefined();
    expect(await ingressOf(stage.ec2, groupId)).toEqual([]);
    expect(await ingressOf(stage.ec2Elsewhere, theirs)).toEqual([]);
    const reported = (await stage.results()).map((each) => `${each.account} ${each.groupId} ${each.outcome}`);
    expect(reported.sort()).toEqual([`${account} ${groupId} remediated`, `${other} ${theirs} remediated`]);
  });
});

describe('without', () => {
  it.each(ofTheLedger)('%s the group is closed, and the invocation fails', async (action) => {
    await stage.permit(action);
    const { groupId, event } = await openGroup(stage.ec2, member);
    expect(await stage.run(closing, event)).toMatch(/^access-denied: .*AccessDeniedException/);
    expect(await ingressOf(stage.ec2, groupId)).toEqual(['443 0.0.0.0/0']);
    expect(await stage.results()).toMatchObject([
      { groupId, outcome: 'remediated', findings: [{ action: 'revoked' }], notification: channels },
    ]);
  });

  it('dynamodb:UpdateItem the groups of an edited prefix list are closed', async () => {
    await stage.permit('dynamodb:UpdateItem');
    const { groupId, event } = await editList(stage.ec2, member);
    expect(await stage.run(closing, event)).toMatch(/^access-denied: .*AccessDeniedException/);
    expect(await ingressOf(stage.ec2, groupId)).toEqual([]);
  });

  it("ec2:GetManagedPrefixListAssociations the account's own groups are closed, and the invocation fails", async () => {
    await stage.permit('ec2:GetManagedPrefixListAssociations');
    const { groupId, prefixListId, event } = await editList(stage.ec2, member);
    const theirs = await letListIn(stage.ec2Elsewhere, prefixListId);
    expect(await stage.run(closing, event)).toMatch(/^access-denied: /);
    expect(await ingressOf(stage.ec2, groupId)).toEqual([]);
    expect(await ingressOf(stage.ec2Elsewhere, theirs)).toHaveLength(1);
    const reported = await stage.results();
    expect(reported.map(({ outcome }) => outcome).sort()).toEqual(['access-denied', 'remediated']);
    expect(reported.find(({ outcome }) => outcome === 'access-denied')?.reason).toMatch(
      /groups of other accounts that use/,
    );
  });

  it.each([
    ['sns:Publish', 'sns', /may not be published to/],
    ['securityhub:BatchImportFindings', 'securityHub', /may not be imported/],
  ])('%s the group is closed, and the result has the failed channel', async (action, channel, error) => {
    await stage.permit(action);
    const { groupId, event } = await openGroup(stage.ec2, member);
    expect(await stage.run(closing, event)).toBeUndefined();
    expect(await ingressOf(stage.ec2, groupId)).toEqual(['443 0.0.0.0/0']);
    const failed = { status: 'failed', error: expect.stringMatching(error) };
    expect(await stage.results()).toMatchObject([{ notification: { ...channels, [channel]: failed } }]);
    expect(await stage.notified()).toHaveLength(channel === 'sns' ? 0 : 1);
    expect(await stage.findings(groupId)).toHaveLength(channel === 'securityHub' ? 0 : 1);
  });

  it('ec2:AuthorizeSecurityGroupIngress the world is revoked, and the finding says that no office was allowed', async () => {
    await stage.permit('ec2:AuthorizeSecurityGroupIngress');
    const { groupId, event } = await openGroup(stage.ec2, member);
    expect(await stage.run(narrowing, event)).toBeUndefined();
    expect(await ingressOf(stage.ec2, groupId)).toEqual(['443 0.0.0.0/0']);
    expect(await stage.results()).toMatchObject([
      { findings: [{ narrowed: { to: [], error: expect.stringMatching(/UnauthorizedOperation/) } }] },
    ]);
  });
});

describe('recurring ingress', () => {
  it('is closed as often as the policy says by the table, then escalated, and closed by the schedule', async () => {
    await stage.permit();
    const policy = policyOf([world], 'escalation: { times: 2, withinMinutes: 30 }');
    const { groupId, event } = await openGroup(stage.ec2, member);
    const ssh = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    const reopen = () =>
      stage.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: [ssh] }));
    const just = () => ({
      ...{ ...event, id: randomUUID() },
      detail: { ...Object(event).detail, eventTime: new Date().toISOString() },
    });
    for (const nth of [1, 2, 3]) {
      if (nth > 1) await reopen();
      await stage.run(policy, just());
    }
    expect(await ingressOf(stage.ec2, groupId)).toEqual(['22 0.0.0.0/0', '443 0.0.0.0/0']);
    const outcomes = (await stage.results()).map(({ outcome }) => outcome);
    expect(outcomes.sort()).toEqual(['escalated', 'remediated', 'remediated']);

    await stage.run(policy, scheduled(randomUUID()));
    expect(await ingressOf(stage.ec2, groupId)).toHaveLength(2);
    await stage.run(policy, scheduled(randomUUID()), 5);
    expect(await ingressOf(stage.ec2, groupId)).toEqual(['443 0.0.0.0/0']);
    expect(await stage.results()).toMatchObject([{ account, region, groupId, outcome: 'remediated' }]);
  });
});
