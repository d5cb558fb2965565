import { EventBridge } from '@aws-sdk/client-eventbridge';
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DetachRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DesiredStack } from '../../../controlplane/stacks/desired.ts';
import { names, roleArn } from '../../../programs/names.ts';
import { type DeploymentWorld, deploymentWorld, hub } from '../../worlds/deployment.ts';
import { operate } from '../../worlds/engine.ts';

const accountId = '300000000001';
const caller = '111111111111';
let world: DeploymentWorld;
let iam: IAMClient;

beforeAll(async () => {
  world = await deploymentWorld();
  iam = new IAMClient(world.sandbox.root(accountId));
  const callers = new IAMClient(world.sandbox.root(caller));
  const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::*:role/access-*' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const UserName = 'portcullis-control-plane';
  await callers.send(new PutUserPolicyCommand({ UserName, PolicyName: 'rotation', PolicyDocument }));
  callers.destroy();
  for (const stack of world.of(accountId)) await operate(world.engine, 'up', stack, { known: false });
}, 180_000);
afterAll(async () => {
  iam?.destroy();
  await world?.stop();
});

/** A role like the one that Organizations makes, which asks for an external id. */
async function makeRole(RoleName: string, externalId: string): Promise<void> {
  const statement = {
    ...{ Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${caller}:root` }, Action: 'sts:AssumeRole' },
    Condition: { StringEquals: { 'sts:ExternalId': externalId } },
  };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
}

async function deleteRole(RoleName: string): Promise<void> {
  const { AttachedPolicies = [] } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
  for (const { PolicyArn } of AttachedPolicies)
    await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  await iam.send(new DeleteRoleCommand({ RoleName }));
}

/** The member's stacks as they are desired with another access role. */
const through = (role: string, externalId: string): DesiredStack[] =>
  [world.stacks.account(accountId), world.stacks.region(accountId)].map((stack) => {
    const accessRoleArn = roleArn({ ...hub, accountId }, role);
    const place = { ...stack.arguments.place, accessRoleArn, externalId };
    return { ...stack, arguments: { ...stack.arguments, place } as DesiredStack['arguments'] };
  });

test('the access role and the external id are replaced, and stacks are read and repaired through the new ones', async () => {
  await makeRole('access-2', 'second');
  await deleteRole('OrganizationAccountAccessRole');
  const events = new EventBridge(world.sandbox.root(accountId, hub.region));
  await events.disableRule({ Name: names.forwardRule });
  const [account, region] = through('access-2', 'second') as [DesiredStack, DesiredStack];

  const seen = await operate(world.engine, 'preview', region);
  expect(seen.drift).toMatchObject([{ operation: 'changed', properties: ['state'] }]);
  await operate(world.engine, 'up', account);
  const { changes } = await operate(world.engine, 'up', region);
  expect(changes.map(({ operation, type }) => `${operation} ${type.split(':').at(-1)}`)).toEqual([
    'update EventRule',
  ]);
  expect((await events.describeRule({ Name: names.forwardRule })).State).toBe('ENABLED');
  events.destroy();
}, 120_000);

test('stacks are destroyed through a role that came after their last update', async () => {
  await makeRole('access-3', 'third');
  await deleteRole('access-2');
  const [account, region] = through('access-3', 'third') as [DesiredStack, DesiredStack];
  for (const stack of [region, account]) {
    const { changes } = await operate(world.engine, 'destroy', stack);
    expect(new Set(changes.map(({ operation }) => operation))).toEqual(new Set(['delete']));
    expect(await world.engine.exportState(stack.key)).toBeUndefined();
  }
  const events = new EventBridge(world.sandbox.root(accountId, hub.region));
  expect((await events.listRules({ NamePrefix: 'portcullis' })).Rules).toEqual([]);
  events.destroy();
}, 120_000);
