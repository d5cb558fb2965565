import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RemediationRecord } from '../../../../controlplane/store/remediations.ts';
import { busArn, names, roleArn, ruleArn } from '../../../../programs/names.ts';
import { forwarderPermissions } from '../../../../programs/policies.ts';
import { openToTheWorld, until } from '../../../../sandbox/demo/security-group.ts';
import type { World } from '../../../../sandbox/demo/world.ts';
import { allBut, startTestWorld } from '../../../worlds/control-plane.ts';

const hub = { partition: 'aws', accountId: '222222222222', region: 'eu-west-1' };
const member = { partition: 'aws', accountId: '300000000001', region: 'eu-west-1' };
const ownRole = 'own-forwarder';
const orgBus = busArn(hub, names.bus);

let world: World;
beforeAll(async () => {
  world = await startTestWorld({
    ...{ PORTCULLIS_EXCLUDE: allBut(member.accountId), PORTCULLIS_REGIONS: member.region },
  });
  const { exit, output } = await world.controlPlane.cli(['reconcile', '--account', member.accountId]);
  expect(exit, output).toBe(0);
}, 300_000);
afterAll(() => world?.stop());

/** A role of the member's own, which any administrator there can make. */
async function makeOwnRole(): Promise<void> {
  const iam = new IAMClient(world.sandbox.root(member.accountId));
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'events.amazonaws.com' } };
  await iam.send(
    new CreateRoleCommand({
      RoleName: ownRole,
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    }),
  );
  const PolicyDocument = forwarderPermissions(orgBus);
  await iam.send(new PutRolePolicyCommand({ RoleName: ownRole, PolicyName: ownRole, PolicyDocument }));
  iam.destroy();
}

/** A rule on the member's default event bus that sends the same events to the org bus once more. */
async function makeOwnRule(Name: string, role: string): Promise<void> {
  const events = new EventBridgeClient(world.sandbox.root(member.accountId, member.region));
  await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify({ source: ['aws.ec2'] }) }));
  const target = { Id: 'org-bus', Arn: orgBus, RoleArn: roleArn(member, role) };
  await events.send(new PutTargetsCommand({ Rule: Name, Targets: [target] }));
  events.destroy();
}

const remediationsOf = async (groupId: string) => {
  const { remediations } = await world.controlPlane.get<{ remediations: RemediationRecord[] }>(
    '/v1/remediations',
  );
  return remediations.filter((each) => each.groupId === groupId);
};

test.each([
  ['the forwarder role', names.forwarderRole, 'own-a', async () => undefined, 2],
  ['a role of its own as well', ownRole, 'own-b', makeOwnRole, 3],
])(
  'an event that a member also sends by a rule with %s is one remediation with its undo',
  {
    timeout: 300_000,
  },
  async (_, role, rule, prepare, copies) => {
    await prepare();
    await makeOwnRule(rule, role);
    const group = await openToTheWorld(world.sandbox, { ...member, port: 22 });
    await until(`${group.groupId} is closed`, 60, async () =>
      (await group.ruleIds()).length === 0 ? true : undefined,
    );
    const closed = await until('the audit log has the remediation', 60, async () =>
      (await remediationsOf(group.groupId)).find(({ outcome }) => outcome === 'remediated'),
    );
    await world.sandbox.idle();

    const deliveries = world.sandbox.deliveries().filter(({ outcome }) => outcome === 'delivered');
    const arrivals = deliveries.filter(
      ({ eventId, target }) => eventId === closed.eventId && target === orgBus,
    );
    expect(arrivals.map((each) => each.rule)).toContain(ruleArn(member, rule));
    expect(arrivals).toHaveLength(copies);

    // The function reports once for each copy; the service has received all of them when a later event is on record.
    const next = await openToTheWorld(world.sandbox, { ...member, port: 3389 });
    await until('the next remediation is on record', 60, async () =>
      (await remediationsOf(next.groupId)).find(({ outcome }) => outcome === 'remediated'),
    );
    const ofEvent = (await remediationsOf(group.groupId)).filter(({ eventId }) => eventId === closed.eventId);
    expect(ofEvent).toMatchObject([
      {
        outcome: 'remediated',
        result: { findings: [{ ruleId: group.ruleId, undo: { ipPermission: { FromPort: 22 } } }] },
      },
    ]);
  },
);
