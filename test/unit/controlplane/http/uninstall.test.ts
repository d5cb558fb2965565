import { beforeAll, expect } from 'vitest';
import { organizationFact } from '../../../../controlplane/reconcile/organization.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld } from './world.ts';

const world = httpWorld();
const { ask } = world;
const id = 'o-aaaaaaaaaa';
beforeAll(async () => {
  await world.store.facts.set(organizationFact, { id, managementAccountId: '111111111111' });
});

test('GET /v1/uninstall says that nothing is being uninstalled', async () => {
  expect(await ask('/v1/uninstall')).toMatchObject({ status: 200, body: { state: 'none', remaining: 0 } });
});

test('POST /v1/uninstall needs the id of this organization', async () => {
  expect(await ask('/v1/uninstall', { confirm: 'yes' })).toMatchObject({
    status: 400,
    message: expect.stringContaining('confirm: write the id of the organization'),
  });
  expect(await ask('/v1/uninstall', { confirm: 'o-bbbbbbbbbb' })).toMatchObject({
    status: 400,
    message: expect.stringContaining('o-bbbbbbbbbb is another'),
  });
  expect((await ask('/v1/uninstall')).body.state).toBe('none');
  expect((await ask('/v1/reinstall', { confirm: 'reinstall' })).status).toBe(409);
});

test('while it is uninstalled nothing else is requested, and status says so', async () => {
  expect((await ask('/v1/uninstall', { confirm: id })).body).toMatchObject({
    state: 'in-progress',
    by: 'ops',
  });
  const refused = await ask('/v1/reconcile', { scope: 'organization' });
  expect(refused).toMatchObject({ status: 409, message: expect.stringContaining('portcullis reinstall') });
  expect((await ask('/v1/verify', { scope: 'organization' })).status).toBe(409);
  expect((await ask('/v1/status')).body.uninstall).toMatchObject({ state: 'in-progress', remaining: 0 });
  expect((await ask('/v1/reinstall', { confirm: 'reinstall' })).body).toMatchObject({ state: 'none' });
  expect((await ask('/v1/status')).body.uninstall).toBeNull();
  expect((await ask('/v1/reconcile', { scope: 'organization' })).status).toBe(202);
});
