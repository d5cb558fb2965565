import { PutResourcePolicyCommand } from '@aws-sdk/client-organizations';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { awsClients } from '../../../../controlplane/aws/clients.ts';
import { accessTemplateFor } from '../../../../controlplane/organization/access/template.ts';
import { readOrganization } from '../../../../controlplane/organization/listing.ts';
import { observeAccount } from '../../../../controlplane/reconcile/observe.ts';
import type { OrganizationAccount } from '../../../../controlplane/stacks/account.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { accessWorld, hub, invited, management } from '../../../worlds/access.ts';

const reads = [
  'organizations:DescribeAccount',
  'organizations:DescribeOrganization',
  'organizations:ListAccounts',
  'organizations:ListAccountsForParent',
  'organizations:ListOrganizationalUnitsForParent',
  'organizations:ListParents',
  'organizations:ListRoots',
];
const member = '300000000002';

let sandbox: Sandbox;
let world: ReturnType<typeof accessWorld>;
beforeAll(async () => {
  sandbox = await startSandbox();
  world = accessWorld(sandbox);
});
afterAll(() => sandbox?.stop());
afterEach(() => vi.unstubAllEnvs());

type Settings = Parameters<typeof awsClients>[0];
const settingsWith = (more: Partial<Settings> = {}) => ({
  hub: { accountId: hub, region: 'eu-west-1' },
  accessRole: 'OrganizationAccountAccessRole',
  regions: undefined,
  ...more,
});

/** One look at an account that has been in the organization for long. */
function look(accountId: string, settings = settingsWith()) {
  const account = { id: accountId, state: 'ACTIVE' } as unknown as OrganizationAccount;
  return observeAccount(awsClients(settings), settings, account, 0);
}

function asControlPlane() {
  for (const [name, value] of Object.entries(sandbox.environment)) vi.stubEnv(name, value);
}

describe('an invited account', () => {
  it('is not reachable, says what to create, and is found once that was created by the template', async () => {
    asControlPlane();
    await world.invite(invited);
    const before = await look(invited);
    expect(before).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(
        `Create role OrganizationAccountAccessRole in ${invited}, trusting arn:aws:iam::${management}:user/portcullis-control-plane`,
      ),
    });
    const settings = settingsWith();
    await world.createFrom(await accessTemplateFor(awsClients(settings), settings), invited);
    expect(await look(invited)).toMatchObject({ kind: 'found', account: { id: invited } });
    await world.removeRole(invited, 'OrganizationAccountAccessRole');
  });

  it('whose role asks for an external id is entered with that one alone', async () => {
    asControlPlane();
    const settings = settingsWith({ externalId: 'portcullis-1' });
    const yaml = await accessTemplateFor(awsClients(settings), settings);
    await world.createFrom(yaml, invited);
    expect(await look(invited, settings)).toMatchObject({ kind: 'found' });
    for (const externalId of [undefined, 'portcullis-2']) {
      expect(await look(invited, settingsWith({ externalId }))).toMatchObject({ kind: 'unreachable' });
    }
    await world.removeRole(invited, 'OrganizationAccountAccessRole');
  });
});

describe('a control plane in the hub account, beside a deployer role', () => {
  it('enters members through that role alone, and its own user cannot enter them', async () => {
    const accessRole = 'portcullis-access';
    const settings = settingsWith({ accessRole, externalId: 'portcullis-1' });
    const may = world.allow('sts:AssumeRole', `arn:aws:iam::${hub}:role/portcullis-deployer`);
    const user = await world.becomeUser(hub, 'chain', may);
    const enters = world.allow('sts:AssumeRole', `arn:aws:iam::*:role/${accessRole}`);
    const deployerRoleArn = await world.createRole(hub, 'portcullis-deployer', user, enters);
    const through = { ...settings, deployerRoleArn };
    await world.createFrom(await accessTemplateFor(awsClients(through), through), member);
    expect(await look(member, through)).toMatchObject({
      kind: 'found',
      account: { id: member, accessRoleArn: `arn:aws:iam::${member}:role/${accessRole}` },
    });
    expect(await look(member, settings)).toMatchObject({ kind: 'unreachable' });
    expect(await look(member, { ...through, externalId: 'guessed' })).toMatchObject({ kind: 'unreachable' });
  });

  it('gets an error when the deployer role does not allow it', async () => {
    await world.becomeUser(hub, 'stranger', world.allow('sts:*'));
    const deployerRoleArn = `arn:aws:iam::${hub}:role/portcullis-deployer`;
    expect(await look(member, settingsWith({ deployerRoleArn }))).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('PORTCULLIS_DEPLOYER_ROLE_ARN'),
    });
  });
});

describe('the organization is read', () => {
  const read = (settings = settingsWith()) => readOrganization(awsClients(settings));

  it('as delegated administrator, from a member account', async () => {
    await world.becomeUser(hub, 'reader', world.allow(reads));
    const { managementAccountId, accounts } = await read();
    expect(managementAccountId).toBe(management);
    expect(accounts.map(({ id }) => id)).toContain(member);
  });

  it('through a role in the management account', async () => {
    const name = 'portcullis-organization';
    const organizationsRoleArn = `arn:aws:iam::${management}:role/${name}`;
    const user = await world.becomeUser(
      '300000000001',
      name,
      world.allow('sts:AssumeRole', organizationsRoleArn),
    );
    await world.createRole(management, name, user, world.allow(reads));
    expect((await read(settingsWith({ organizationsRoleArn }))).managementAccountId).toBe(management);
    await expect(read()).rejects.toMatchObject({ code: 'organization-unreadable' });
  });

  it('by a delegation policy that names the account', async () => {
    await world.becomeUser('300000000003', 'delegated', world.allow(reads));
    await expect(read()).rejects.toMatchObject({ code: 'organization-unreadable' });
    const Content = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::300000000003:root' },
          Action: ['organizations:Describe*', 'organizations:List*'],
          Resource: '*',
        },
      ],
    });
    await world.organizations(management).send(new PutResourcePolicyCommand({ Content }));
    expect((await read()).managementAccountId).toBe(management);
  });

  it('by no other principal', async () => {
    await world.becomeUser('300000000004', 'other', world.allow('organizations:*'));
    await expect(read()).rejects.toMatchObject({
      code: 'organization-unreadable',
      message: expect.stringContaining("don't have permissions"),
    });
  });
});
