import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { accessTemplate, readAccessPolicy } from '../../../../controlplane/organization/access/template.ts';
import {
  type Account,
  type ControlPlane,
  startControlPlane,
} from '../../../../sandbox/demo/control-plane.ts';
import { until } from '../../../../sandbox/demo/security-group.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { fleet } from '../../../../sandbox/seed/organization.ts';
import { accessWorld, hub, invited, management } from '../../../worlds/access.ts';
import { migratedDatabase } from '../../../worlds/control-plane.ts';
import { deployerPolicy } from '../../../worlds/least-privilege.ts';

const member = '400000000001';
const accessRole = 'portcullis-access';
const externalId = 'portcullis-1';
const deployerRoleArn = `arn:aws:iam::${hub}:role/portcullis-deployer`;

let sandbox: Sandbox;
let data: string;
let controlPlane: ControlPlane;
let world: ReturnType<typeof accessWorld>;

/** The service runs as a user of the security account that may read the organization and wear the deployer role. */
async function securityAccount(): Promise<void> {
  const statement = (Action: string[], Resource: string) => ({ Effect: 'Allow', Action, Resource });
  const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
  const user = await world.becomeUser(
    hub,
    'portcullis',
    document(
      statement(['organizations:Describe*', 'organizations:List*'], '*'),
      statement(['sts:AssumeRole'], deployerRoleArn),
    ),
  );
  const { Statement } = deployerPolicy;
  const enters = statement(['sts:AssumeRole'], `arn:aws:iam::*:role/${accessRole}`);
  await world.createRole(hub, 'portcullis-deployer', user, document(enters, ...Statement));
}

beforeAll(async () => {
  sandbox = await startSandbox({ blueprint: fleet(3, 1) });
  world = accessWorld(sandbox);
  await securityAccount();
  const template = accessTemplate(await readAccessPolicy(), {
    accessRole,
    externalId,
    trusted: deployerRoleArn,
  });
  for (const account of [management, member]) await world.createFrom(template, account);
  await world.invite(invited);
  data = await mkdtemp(join(tmpdir(), 'portcullis-data-'));
  await migratedDatabase(data);
  controlPlane = await startControlPlane({
    ...sandbox.environment,
    AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? '',
    AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? '',
    PORTCULLIS_DATA: data,
    PORTCULLIS_ACCESS_ROLE: accessRole,
    PORTCULLIS_EXTERNAL_ID: externalId,
    PORTCULLIS_DEPLOYER_ROLE_ARN: deployerRoleArn,
    PORTCULLIS_TEMPLATE_URL: 'https://bucket.s3.amazonaws.com/access-role.yaml',
  });
}, 120_000);
afterAll(async () => {
  vi.unstubAllEnvs();
  await controlPlane?.stop();
  await sandbox?.stop();
  if (data) await rm(data, { recursive: true, force: true });
});

const readiness = async (id: string) => {
  const { accounts } = await controlPlane.get<{ accounts: Account[] }>('/v1/accounts');
  return accounts.find((account) => account.id === id)?.conditions.Ready;
};
const isReady = (id: string) =>
  until(`account ${id} to be ready`, 240, async () => {
    const ready = await readiness(id);
    return ready?.status === 'True' || undefined;
  });

it('every account is wired through the deployer role, with hub and control plane in the security account', async () => {
  for (const id of [hub, management, member]) await isReady(id);
}, 300_000);

it('an invited account says what to create, and continues automatically once that exists', async () => {
  const message = await until('the account to say what it lacks', 60, async () => {
    const ready = await readiness(invited);
    return ready?.message.includes('Create role') ? ready.message : undefined;
  });
  expect(message).toContain(`trusting ${deployerRoleArn} with external id ${externalId}`);
  expect(message).toContain('console.aws.amazon.com/cloudformation');
  const template = await controlPlane.request('/v1/access-role.yaml');
  await world.createFrom(await template.text(), invited);
  await isReady(invited);
}, 300_000);
