import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RestoreView } from '../../../../controlplane/remediations/restore/view.ts';
import type { RemediationRecord } from '../../../../controlplane/store/remediations.ts';
import { type ControlPlane, startControlPlane } from '../../../../sandbox/demo/control-plane.ts';
import { until } from '../../../../sandbox/demo/security-group.ts';
import type { World } from '../../../../sandbox/demo/world.ts';
import { deployedWorld, member } from '../../../worlds/least-privilege.ts';

const words = ['--owner', 'web team', '--why', 'a partner', '--ticket', 'SEC-7'];
const tags = [{ Key: 'team', Value: 'web' }];
const tcp = (port: number, cidr = '0.0.0.0/0') => ({
  ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
  IpRanges: [{ CidrIp: cidr, Description: 'for the partner' }],
});

let world: World;
let controlPlane: ControlPlane;
let ec2: EC2Client;
beforeAll(async () => {
  // Under the documented policies alone: what a restore needs is in them.
  world = await deployedWorld();
  controlPlane = world.controlPlane;
  ec2 = new EC2Client(world.sandbox.root(member.accountId, member.region));
}, 300_000);
afterAll(async () => {
  ec2?.destroy();
  if (controlPlane !== world?.controlPlane) await controlPlane?.stop();
  await world?.stop();
});

const open = (GroupId: string, port: number) =>
  ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [tcp(port)],
      TagSpecifications: [{ ResourceType: 'security-group-rule', Tags: tags }],
    }),
  );
const newGroup = async () => {
  const made = new CreateSecurityGroupCommand({
    GroupName: `restore-${Date.now()}`,
    Description: 'made by a test',
  });
  return (await ec2.send(made)).GroupId ?? '';
};
const rulesOf = async (groupId: string) => {
  const { SecurityGroupRules = [] } = await ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [groupId] }] }),
  );
  return SecurityGroupRules.filter(({ IsEgress }) => !IsEgress);
};
const portsOf = async (groupId: string) => (await rulesOf(groupId)).map(({ FromPort }) => FromPort);
/** What the audit log holds of a group, newest first. */
const remediationsOf = async (groupId: string) => {
  const { remediations } = await controlPlane.get<{ remediations: RemediationRecord[] }>('/v1/remediations');
  return remediations.filter((each) => each.groupId === groupId);
};
const closedOnce = async (groupId: string) => {
  await until(`${groupId} is closed`, 60, async () =>
    (await rulesOf(groupId)).length === 0 ? true : undefined,
  );
  return until(`the audit log says ${groupId} was closed`, 60, async () =>
    (await remediationsOf(groupId)).find(({ outcome }) => outcome === 'remediated'),
  );
};
const judged = (groupId: string, outcome: string) =>
  until(`${groupId} is judged ${outcome}`, 60, async () =>
    (await remediationsOf(groupId)).find((each) => each.outcome === outcome),
  );

describe('a rule that was closed', () => {
  let groupId: string;
  let exception: string;

  test('is open again after its restore, with description and tags', { timeout: 300_000 }, async () => {
    groupId = await newGroup();
    await open(groupId, 22);
    const { id } = await closedOnce(groupId);
    const listed = await controlPlane.cli(['remediations', '--account', member.accountId]);
    expect(listed).toMatchObject({ exit: 0, output: expect.stringContaining(id) });
    const { exit, output } = await controlPlane.cli(['restore', id, ...words, '--permanent']);
    expect({ exit, output }).toMatchObject({ exit: 0, output: expect.stringContaining('restored') });
    expect(await rulesOf(groupId)).toMatchObject([
      { FromPort: 22, ToPort: 22, CidrIpv4: '0.0.0.0/0', Description: 'for the partner', Tags: tags },
    ]);
  });

  test('stays: the Lambda says that an exception lets it through', { timeout: 120_000 }, async () => {
    const { result } = await judged(groupId, 'excepted');
    exception = result.excepted[0]?.exceptions[0]?.name ?? '';
    expect(exception).toMatch(/^restored-sg-/);
    expect(await portsOf(groupId)).toEqual([22]);
  });

  test('lets nothing else in: another port of the group is closed', { timeout: 120_000 }, async () => {
    await open(groupId, 3389);
    await until('the other port is closed', 60, async () =>
      (await portsOf(groupId)).includes(3389) ? undefined : true,
    );
    expect(await portsOf(groupId)).toEqual([22]);
  });

  test('is closed again by the next event of the group once its exception has ended', {
    timeout: 300_000,
  }, async () => {
    const ended = await controlPlane.cli(['end-exception', exception]);
    expect(ended).toMatchObject({ exit: 0 });
    await open(groupId, 443);
    await until('port 22 is closed', 60, async () =>
      (await portsOf(groupId)).includes(22) ? undefined : true,
    );
    expect(await portsOf(groupId)).toEqual([443]);
  });
});

test('a restore whose control plane is killed is carried out by the next start', {
  timeout: 300_000,
}, async () => {
  const groupId = await newGroup();
  await open(groupId, 22);
  const { id } = await closedOnce(groupId);
  const body = { owner: 'web team', why: 'a partner', ticket: 'SEC-7', expires: '2100-01-01T00:00:00Z' };
  const response = await controlPlane.request(`/v1/remediations/${encodeURIComponent(id)}/restore`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(202);
  const { id: restore } = (await response.json()) as RestoreView;
  const owner = JSON.parse(
    await readFile(join(world.environment.PORTCULLIS_DATA ?? '', 'owner.json'), 'utf8'),
  );
  process.kill(owner.pid, 'SIGKILL');
  controlPlane = await startControlPlane(world.environment);
  const done = await until(`restore ${restore} ends`, 120, async () => {
    const now = await controlPlane.get<RestoreView>(`/v1/restores/${restore}`);
    return now.finishedAt ? now : undefined;
  });
  expect(done).toMatchObject({ state: 'restored', reason: null });
  await judged(groupId, 'excepted');
  expect(await rulesOf(groupId)).toMatchObject([{ FromPort: 22, Tags: tags }]);
});
