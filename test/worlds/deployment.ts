import { join } from 'node:path';
import type { EngineSettings } from '../../controlplane/pulumi/cli.ts';
import { pulumiEngine } from '../../controlplane/pulumi/engine.ts';
import type { DesiredStack } from '../../controlplane/stacks/desired.ts';
import { parsePolicy } from '../../lambda/policy/parse.ts';
import type { StackArguments } from '../../programs/arguments.ts';
import { makeBundle } from '../../programs/bundle.ts';
import { roleArn } from '../../programs/names.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { scratch } from './engine.ts';
import { worldOpen } from './policy-sample.ts';

export const hub = { partition: 'aws', accountId: '222222222222', region: 'eu-west-1' };
const accessRole = 'OrganizationAccountAccessRole';
const placeOf = (accountId: string) => ({
  ...hub,
  accountId,
  accessRoleArn: roleArn({ ...hub, accountId }, accessRole),
});

/** The arguments of a hub stack and of the stacks of a member's cell in the hub Region, as the control plane gives them. */
function argumentsFor(organizationId: string, bundle: { file: string; sha256: string }) {
  return {
    hub: (): StackArguments => ({
      ...{ kind: 'hub', place: placeOf(hub.accountId), organizationId, bundle },
      ...{ securityHub: false, logRetentionDays: 90 },
    }),
    account: (accountId: string): StackArguments => ({
      ...{ kind: 'account', place: { ...placeOf(accountId), region: 'us-east-1' }, hub, organizationId },
      ...{ narrowing: false, securityHub: false, trails: {}, cells: [] },
    }),
    region: (accountId: string): StackArguments => ({
      ...{ kind: 'region', place: placeOf(accountId), hub },
      cell: { region: hub.region, lifecycle: false },
    }),
  };
}

/** The local organization with the real engine and the programs, and no control plane. */
export async function deploymentWorld() {
  const { directory, restore } = scratch('deployment');
  const sandbox = await startSandbox();
  Object.assign(process.env, sandbox.environment);
  const bundle = await makeBundle(parsePolicy(worldOpen), join(directory, 'bundles'));
  const settings: EngineSettings = {
    ...{ data: directory, state: `file://${directory}/state`, secretsProvider: 'passphrase' },
    awsPlugin: sandbox.environment.PORTCULLIS_AWS_PLUGIN,
  };
  const engine = pulumiEngine(settings);
  const declared = argumentsFor(sandbox.organization.id, bundle);
  const stacks = {
    hub: (): DesiredStack => ({ key: 'hub', generation: 'any', arguments: declared.hub() }),
    account: (id: string): DesiredStack => ({
      ...{ key: `account-${id}`, generation: 'any', arguments: declared.account(id) },
    }),
    region: (id: string): DesiredStack => ({
      ...{ key: `region-${id}-${hub.region}`, generation: 'any', arguments: declared.region(id) },
    }),
  };
  return {
    ...{ sandbox, engine, settings, stacks, bundle },
    /** Every stack of the hub and of these members' cells. */
    of: (...members: string[]) => [
      stacks.hub(),
      ...members.flatMap((id) => [stacks.account(id), stacks.region(id)]),
    ],
    async stop() {
      await sandbox.stop();
      restore();
    },
  };
}

export type DeploymentWorld = Awaited<ReturnType<typeof deploymentWorld>>;
