import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MoveAccountCommand, OrganizationsClient, TagResourceCommand } from '@aws-sdk/client-organizations';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountRecord } from '../../../../controlplane/store/accounts.ts';
import type { Confirmation } from '../../../../controlplane/store/confirmations.ts';
import type { RemediationRecord } from '../../../../controlplane/store/remediations.ts';
import type { StackRecord } from '../../../../controlplane/store/stacks.ts';
import { openToTheWorld, until } from '../../../../sandbox/demo/security-group.ts';
import type { World } from '../../../../sandbox/demo/world.ts';
import { allBut, startTestWorld } from '../../../worlds/control-plane.ts';

const member = { accountId: '300000000001', region: 'eu-central-1' };
/** The accounts of the unit Sandbox, one of which is moved out of it. */
const sandboxed = ['300000000005'];
const policy = (mode: string) => `version: 1
rules:
  - name: closed-accounts
    match: { ports: { any: [22] } }
    scope: { include: [{ accountTags: { closed: ["yes"] } }, { organizationalUnits: [Sandbox] }] }
    mode: ${mode}
`;

let directory: string;
let file: string;
let world: World;
let organizations: OrganizationsClient;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-hub-policy-'));
  file = join(directory, 'policy.yaml');
  await writeFile(file, policy('revoke'));
  world = await startTestWorld({
    PORTCULLIS_POLICY: file,
    PORTCULLIS_REGIONS: `us-east-1,${member.region}`,
    PORTCULLIS_EXCLUDE: allBut('111111111111', member.accountId, ...sandboxed),
  });
  organizations = new OrganizationsClient(world.sandbox.root(world.sandbox.organization.managementAccountId));
  const { exit, output } = await world.controlPlane.cli([
    'reconcile',
    '--account',
    world.sandbox.organization.managementAccountId,
    '--account',
    member.accountId,
  ]);
  if (exit !== 0) throw new Error(`reconcile ended with exit code ${exit}:\n${output}`);
}, 300_000);
afterAll(async () => {
  organizations?.destroy();
  await world?.stop();
  await rm(directory, { recursive: true, force: true });
});

const hub = async () => {
  const { stacks } = await world.controlPlane.get<{ stacks: StackRecord[] }>('/v1/stacks');
  return stacks.find(({ key }) => key === 'hub');
};
const otherHub = (before: string | null | undefined) =>
  until('the hub is updated', 120, async () => {
    const now = await hub();
    return now?.generation !== before && now?.conditions.Ready?.status === 'True' ? true : undefined;
  });
/** What comes of SSH opened to the world in a new group of the account. */
const outcome = async () => {
  const group = await openToTheWorld(world.sandbox, { ...member, port: 22 });
  const found = await until(`the audit log holds ${group.groupId}`, 60, async () => {
    const { remediations } = await world.controlPlane.get<{ remediations: RemediationRecord[] }>(
      '/v1/remediations',
    );
    return remediations.find(
      ({ groupId, result }) => groupId === group.groupId && result.eventName !== 'CreateSecurityGroup',
    );
  });
  return { outcome: found.outcome, open: (await group.ruleIds()).length > 0 };
};

test('an account outside of the policy is left alone', { timeout: 120_000 }, async () => {
  expect(await outcome()).toEqual({ outcome: 'clean', open: true });
});

test('an account that is tagged into it is protected without anyone asking', {
  timeout: 300_000,
}, async () => {
  const before = (await hub())?.generation;
  const Tags = [{ Key: 'closed', Value: 'yes' }];
  await organizations.send(new TagResourceCommand({ ResourceId: member.accountId, Tags }));
  await otherHub(before);
  expect(await outcome()).toEqual({ outcome: 'remediated', open: false });
});

test('an edited policy takes effect within seconds without a run or a restart, once a person confirms a lower mode', {
  timeout: 300_000,
}, async () => {
  const before = (await hub())?.generation;
  await writeFile(file, policy('notify'));
  const { id } = await until('the edit waits for a person', 60, async () => {
    const { confirmations } = await world.controlPlane.get<{ confirmations: Confirmation[] }>(
      '/v1/confirmations',
    );
    return confirmations.find(({ kind, state }) => kind === 'policy-mode' && state === 'open');
  });
  expect(await outcome()).toEqual({ outcome: 'remediated', open: false });
  expect((await hub())?.generation).toBe(before);
  const status = await world.controlPlane.cli(['status']);
  expect(status.exit).toBe(3);
  expect(status.output).toContain(`portcullis confirm ${id}`);
  const { exit, output } = await world.controlPlane.cli(['confirm', id]);
  expect(exit).toBe(0);
  expect(output).toContain('rule closed-accounts from revoke to notify');
  await otherHub(before);
  expect(await outcome()).toEqual({ outcome: 'notified', open: true });
});

test('one that cannot be read is reported by line, and the last good one stays in force', {
  timeout: 300_000,
}, async () => {
  const before = (await hub())?.generation;
  await writeFile(file, policy('destroy'));
  const mistake = /line 6: rules\[0\]\.mode: write observe, notify or revoke/;
  await until('the hub reports it automatically', 60, async () => {
    const { status, reason, message = '' } = (await hub())?.conditions.Ready ?? {};
    return status === 'False' && reason === 'PrerequisiteFailed' && mistake.test(message) ? true : undefined;
  });
  expect((await hub())?.generation).toBe(before);
  const { exit, output } = await world.controlPlane.cli([
    'reconcile',
    '--account',
    member.accountId,
    '--region',
    member.region,
  ]);
  expect(exit).toBe(1);
  expect(output).toMatch(/failed +hub +.*line 6: rules\[0\]\.mode: write observe, notify or revoke/);
  expect(output).toMatch(/unchanged +region-300000000001-eu-central-1/);
  expect(await outcome()).toEqual({ outcome: 'notified', open: true });
  await writeFile(file, policy('revoke'));
  await otherHub(before);
});

test('an account that moves out of a unit of the policy is reported in the hub', {
  timeout: 300_000,
}, async () => {
  const { accounts } = await world.controlPlane.get<{ accounts: AccountRecord[] }>('/v1/accounts');
  const moved = accounts.find(({ state, unitNames }) => state === 'ACTIVE' && unitNames.at(-1) === 'Sandbox');
  if (!moved) throw new Error('no active account is in the unit Sandbox');
  const [DestinationParentId = ''] = moved.parents;
  await world.controlPlane.cli([
    'reconcile',
    '--account',
    member.accountId,
    '--region',
    member.region,
    '--only-changed',
  ]);
  const before = (await hub())?.generation;
  await organizations.send(
    new MoveAccountCommand({
      AccountId: moved.id,
      SourceParentId: moved.parents.at(-1),
      DestinationParentId,
    }),
  );
  await otherHub(before);
});
