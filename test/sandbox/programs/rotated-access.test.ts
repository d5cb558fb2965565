import { EventBridge } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DesiredStack } from '../../../controlplane/stacks/desired.ts';
import { names, roleArn } from '../../../programs/names.ts';
import { accessWorld } from '../../worlds/access.ts';
import { type DeploymentWorld, deploymentWorld, hub } from '../../worlds/deployment.ts';
import { operate } from '../../worlds/engine.ts';

const accountId = '300000000001';
let world: DeploymentWorld;
let access: ReturnType<typeof accessWorld>;

beforeAll(async () => {
  world = await deploymentWorld();
  access = accessWorld(world.sandbox);
  for (const stack of world.of(accountId)) await operate(world.engine, 'up', stack, { known: false });
}, 180_000);
afterAll(() => world?.stop());

/** The member's stacks as they are desired with another access role. */
const through = (role: string, externalId: string): DesiredStack[] =>
  [world.stacks.account(accountId), world.stacks.region(accountId)].map((stack) => {
    const accessRoleArn = roleArn({ ...hub, accountId }, role);
    const place = { ...stack.arguments.place, accessRoleArn, externalId };
    return { ...stack, arguments: { ...stack.arguments, place } as DesiredStack['arguments'] };
  });

test('the access role and the external id are replaced, and stacks are read and repaired through the new ones', async () => {
  await access.createAdministrator(accountId, 'access-2', 'second');
  await access.removeRole(accountId, 'OrganizationAccountAccessRole');
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
  await access.createAdministrator(accountId, 'access-3', 'third');
  await access.removeRole(accountId, 'access-2');
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
