import { DeleteRoleCommand, DeleteRolePolicyCommand, GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { names } from '../../../programs/names.ts';
import { openToTheWorld } from '../../../sandbox/demo/security-group.ts';
import { type DeploymentWorld, deploymentWorld, hub } from '../../worlds/deployment.ts';
import { operate } from '../../worlds/engine.ts';
import { until } from '../../worlds/until.ts';

const accountId = '300000000001';
const RoleName = names.lambdaRole;
let world: DeploymentWorld;
let iam: IAMClient;

beforeAll(async () => {
  world = await deploymentWorld();
  iam = new IAMClient(world.sandbox.root(hub.accountId));
  for (const stack of world.of(accountId)) await operate(world.engine, 'up', stack, { known: false });
});
afterAll(async () => {
  iam?.destroy();
  await world?.stop();
});

const roleId = async () => (await iam.send(new GetRoleCommand({ RoleName }))).Role?.RoleId;
async function opensAndCloses(port: number): Promise<void> {
  const group = await openToTheWorld(world.sandbox, { accountId, region: hub.region, port });
  await until(async () => !(await group.ruleIds()).includes(group.ruleId));
}

test('remediation goes on after the role of the Lambda was deleted and created again', async () => {
  await opensAndCloses(22);
  const before = await roleId();
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: RoleName }));
  await iam.send(new DeleteRoleCommand({ RoleName }));

  const { changes } = await operate(world.engine, 'up', world.stacks.hub());
  expect(await roleId()).not.toBe(before);
  const updated = changes.filter(({ operation }) => operation === 'update');
  expect(updated).toMatchObject([{ type: 'aws:lambda/function:Function' }]);
  await opensAndCloses(3389);
});
