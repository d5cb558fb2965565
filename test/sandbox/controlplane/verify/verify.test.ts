import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  DeleteRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canaryName, canaryPort, canaryTag } from '../../../../lambda/contract/canary.ts';
import { names } from '../../../../programs/names.ts';
import { openToTheWorld, until } from '../../../../sandbox/demo/security-group.ts';
import type { World } from '../../../../sandbox/demo/world.ts';
import { hub, member } from '../../../worlds/least-privilege.ts';
import { canaryGroups, cellsOf, permitVerify, untrailed, verifiedWorld } from './stage.ts';

let world: World;
beforeAll(async () => {
  world = await verifiedWorld();
}, 300_000);
afterAll(() => world?.stop());

const of = ({ accountId, region }: typeof untrailed) => ['--account', accountId, '--region', region];
const verify = (...cells: (typeof untrailed)[]) => world.controlPlane.cli(['verify', ...cells.flatMap(of)]);
const cellOf = async ({ accountId, region }: typeof untrailed) =>
  (await cellsOf(world)).find((cell) => cell.account === accountId && cell.region === region);
const remediations = async () =>
  (await world.controlPlane.get<{ remediations: { result: { groupId: string } }[] }>('/v1/remediations'))
    .remediations;

describe('where the policy only observes', { timeout: 300_000 }, () => {
  test('every covered cell is verified end to end, and the groups are deleted', async () => {
    const { exit, output } = await verify(hub, member);
    expect({ exit, output }).toMatchObject({
      exit: 0,
      output: expect.stringContaining('2 of 2 cells verified'),
    });
    for (const cell of [hub, member]) {
      expect(await cellOf(cell)).toMatchObject({
        verified: 'yes',
        kind: 'end-to-end',
        trail: true,
        message: null,
      });
      expect(await canaryGroups(world, cell)).toEqual([]);
    }
    expect((await cellOf(member))?.milliseconds).toBeGreaterThan(0);
  });

  test('no one was notified, and the audit log holds the verification and no remediation', async () => {
    expect(world.slack.messages).toEqual([]);
    expect(await remediations()).toEqual([]);
    const { audit } = await world.controlPlane.get<{ audit: { what: string }[] }>('/v1/audit');
    expect(audit.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['verification finished', 'verification requested']),
    );
  });

  test('a group that another principal opens stays open, although it looks like a canary', async () => {
    const ec2 = new EC2Client(world.sandbox.root(member.accountId, member.region));
    const id = '0a7c1f0e-5a0b-4e53-9d1e-6f6f6f6f6f6f';
    const { GroupId = '' } = await ec2.send(
      new CreateSecurityGroupCommand({
        ...{ GroupName: canaryName + id, Description: 'a stranger' },
        TagSpecifications: [{ ResourceType: 'security-group', Tags: [{ Key: canaryTag, Value: id }] }],
      }),
    );
    const range = [{ CidrIp: '0.0.0.0/0' }];
    const open = { IpProtocol: 'tcp', FromPort: canaryPort, ToPort: canaryPort, IpRanges: range };
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [open] }));
    const other = await openToTheWorld(world.sandbox, { ...member, port: 22 });
    await until('both were judged', 60, async () => {
      const groups = (await remediations()).map(({ result }) => result.groupId);
      return groups.includes(GroupId) && groups.includes(other.groupId) ? true : undefined;
    });
    await verify(member);
    expect(await canaryGroups(world, member)).toEqual([GroupId]);
    expect(await other.ruleIds()).toHaveLength(1);
  });
});

describe('a cell that is not covered', { timeout: 300_000 }, () => {
  test('for want of a trail is not verified, and the message says so', async () => {
    const { exit, output } = await verify(untrailed);
    expect({ exit, output }).toMatchObject({ exit: 3, output: expect.stringMatching(/CloudTrail: .*trail/) });
    expect(await cellOf(untrailed)).toMatchObject({ verified: 'no', verifiedAt: null });
    const status = await world.controlPlane.cli(['status']);
    expect(status.output).toMatch(/300000000006 eu-west-1 not verified: CloudTrail/);
  });

  test('because its forwarding rule was deleted by hand is not verified any more, until it is put back', async () => {
    const events = new EventBridgeClient(world.sandbox.root(member.accountId, member.region));
    const Rule = names.forwardRule;
    const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule }));
    await events.send(new RemoveTargetsCommand({ Rule, Ids: Targets.map(({ Id = '' }) => Id) }));
    const untargeted = await verify(member);
    expect(untargeted.output).toContain('the forwarding rule portcullis-forward has no target');
    await events.send(new DeleteRuleCommand({ Name: Rule }));
    const { exit, output } = await verify(member);
    expect({ exit, output }).toMatchObject({
      exit: 3,
      output: expect.stringContaining(
        'the forwarding rule portcullis-forward does not exist: portcullis reconcile',
      ),
    });
    expect(await cellOf(member)).toMatchObject({ verified: 'no', kind: 'end-to-end' });
    expect((await world.controlPlane.cli(['reconcile', ...of(member)])).exit).toBe(0);
    expect((await verify(member)).exit).toBe(0);
    expect(await cellOf(member)).toMatchObject({ verified: 'yes', message: null });
  });
});

describe('where no group may be made', { timeout: 300_000 }, () => {
  test('the path is verified by a synthetic event, and the message says why', async () => {
    await permitVerify(world, member.accountId, 'MakeCanaries');
    const { exit, output } = await verify(member);
    expect({ exit, output }).toMatchObject({ exit: 0, output: expect.stringContaining('no group was made') });
    expect(await cellOf(member)).toMatchObject({ verified: 'yes', kind: 'path' });
  });

  test('and no event may be sent either, the refused action is named', async () => {
    await permitVerify(world, member.accountId, 'MakeCanaries', 'SendSyntheticCanaries');
    const { exit, output } = await verify(member);
    await permitVerify(world, member.accountId);
    expect({ exit, output }).toMatchObject({ exit: 3, output: expect.stringContaining('events:PutEvents') });
  });
});

test('a scope that names nothing known is refused with a message', async () => {
  const { exit, output } = await world.controlPlane.cli(['verify', '--account', '123456789012']);
  expect({ exit, output }).toMatchObject({
    exit: expect.any(Number),
    output: expect.stringContaining('123456789012 is not an active account'),
  });
  expect(exit).not.toBe(0);
});
