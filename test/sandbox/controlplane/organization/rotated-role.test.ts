import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../../../sandbox/demo/control-plane.ts';
import type { World } from '../../../../sandbox/demo/world.ts';
import { accessWorld, hub } from '../../../worlds/access.ts';
import { allBut, startTestWorld } from '../../../worlds/control-plane.ts';

const member = '300000000002';
let world: World;
let after: ControlPlane | undefined;
beforeAll(async () => {
  world = await startTestWorld({ PORTCULLIS_EXCLUDE: allBut(hub, member) });
});
afterAll(async () => {
  await after?.stop();
  await world?.stop();
});

test('a reconcile goes on with another PORTCULLIS_ACCESS_ROLE and external id, although the old role is deleted', async () => {
  const before = await world.controlPlane.cli(['reconcile', '--all']);
  expect(before.exit, before.output).toBe(0);
  await world.controlPlane.stop();
  const access = accessWorld(world.sandbox);
  for (const accountId of [hub, member]) {
    await access.createAdministrator(accountId, 'access-2', 'second');
    await access.removeRole(accountId, 'OrganizationAccountAccessRole');
  }
  after = await startControlPlane({
    ...world.environment,
    ...{ PORTCULLIS_ACCESS_ROLE: 'access-2', PORTCULLIS_EXTERNAL_ID: 'second' },
  });
  const { exit, output } = await after.cli(['reconcile', '--all']);
  expect(exit, output).toBe(0);
  expect(output).toMatch(/^reconcile succeeded: /m);
});
