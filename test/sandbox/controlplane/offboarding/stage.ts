import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AccountClient } from '@aws-sdk/client-account';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import {
  DetachRolePolicyCommand,
  GetRoleCommand,
  IAMClient,
  ListRolesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  type Account,
  type ControlPlane,
  startControlPlane,
} from '../../../../sandbox/demo/control-plane.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { blueprint } from '../../../../sandbox/seed/organization.ts';
import { migratedDatabase } from '../../../worlds/control-plane.ts';

export const [shop, payments, former, leaver, playground] = [
  ...['300000000001', '300000000002', '300000000003', '300000000004', '300000000005'],
] as [string, string, string, string, string];
const regions = ['us-east-1', 'af-south-1'];
const member = (id: string, name: string, ou: string, ...optedIn: string[]) => ({
  ...{ id, name, ou },
  regions: ['us-east-1', 'eu-west-1', 'eu-central-1', ...optedIn],
});
const plan = {
  ...blueprint,
  untrailedAccountId: '',
  members: [
    member(shop, 'shop', 'Production', 'af-south-1'),
    member(payments, 'payments', 'Production'),
    member(former, 'former-one', 'Production'),
    member(leaver, 'leaver', 'Production'),
    member(playground, 'playground', 'Sandbox'),
  ],
};

const mine = (name: string | undefined): name is string => name?.startsWith('portcullis') ?? false;

interface Present {
  readonly present: readonly [
    {
      readonly rootId: string;
      readonly units: readonly { id: string; name: string }[];
      readonly accounts: readonly { id: string; state: string; parentId: string }[];
    },
  ];
}

/** Asks every half second, for seven minutes. @throws with what was seen last */
export async function until(what: string, condition: () => Promise<string | undefined>): Promise<void> {
  let seen: string | undefined;
  for (const end = Date.now() + 420_000; Date.now() < end; ) {
    seen = await condition();
    if (seen === undefined) return;
    await new Promise((next) => setTimeout(next, 500));
  }
  throw new Error(`${what}, but after seven minutes ${seen}`);
}

/** What of ours there is in an account, asked with its root credentials. */
async function resourcesOf(sandbox: Sandbox, accountId: string): Promise<string[]> {
  const iam = new IAMClient(sandbox.root(accountId));
  const { Roles = [] } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
  iam.destroy();
  const regional = regions.map(async (region) => {
    if (region === 'af-south-1' && accountId !== shop) return [];
    const events = new EventBridgeClient(sandbox.root(accountId, region));
    const sqs = new SQSClient(sandbox.root(accountId, region));
    const { Rules = [] } = await events.send(new ListRulesCommand({}));
    const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
    events.destroy();
    sqs.destroy();
    return [
      ...Rules.flatMap(({ Name }) => (mine(Name) ? [`rule ${region} ${Name}`] : [])),
      ...QueueUrls.map((url) => url.replace(/^.*\//, '')).flatMap((name) =>
        mine(name) ? [`queue ${region} ${name}`] : [],
      ),
    ];
  });
  const roles = Roles.flatMap(({ RoleName }) => (mine(RoleName) ? [`role ${RoleName}`] : []));
  return [...roles, ...(await Promise.all(regional)).flat()].sort();
}

/** Runs one command line of the CLI in an environment, where no service runs; its exit code and all it prints. */
export async function commandIn(environment: Record<string, string>, words: readonly string[]) {
  const root = fileURLToPath(new URL('../../../..', import.meta.url));
  const child = spawn(process.execPath, ['controlplane/main.ts', ...words], {
    cwd: root,
    env: { ...process.env, ...environment, PORTCULLIS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const exit = await new Promise<number>((ended) => child.once('exit', (code) => ended(code ?? 1)));
  return { exit, output };
}

/** A small organization without its unit Sandbox under a control plane, which a test can stop and start again. */
export async function startOffboardingStage() {
  const data = await mkdtemp(join(tmpdir(), 'portcullis-offboardings-'));
  await migratedDatabase(data);
  const sandbox = await startSandbox({ blueprint: plan });
  const inspect = async () => {
    const response = await fetch(new URL('/_sandbox/organization', sandbox.endpoint));
    return ((await response.json()) as Present).present[0];
  };
  const units = new Map((await inspect()).units.map(({ id, name }) => [name, id]));
  const unit = (name: string) => units.get(name) ?? '';
  const environment = {
    ...sandbox.environment,
    PORTCULLIS_DATA: data,
    PORTCULLIS_REGIONS: regions.join(','),
    PORTCULLIS_EXCLUDE: unit('Sandbox'),
    PORTCULLIS_SHRINK_PERCENT: '30',
  };
  const state: { plane: ControlPlane | undefined; started: number } = { plane: undefined, started: 0 };
  const plane = () => {
    if (!state.plane) throw new Error('the control plane does not run');
    return state.plane;
  };
  const stop = async () => {
    await state.plane?.stop();
    state.plane = undefined;
  };
  const accountOf = async (id: string) =>
    (await plane().get<{ accounts: Account[] }>('/v1/accounts')).accounts.find((each) => each.id === id);
  const management = sandbox.root(sandbox.organization.managementAccountId, 'us-east-1');
  return {
    ...{ sandbox, inspect, unit, plane, stop, accountOf },
    organizations: new OrganizationsClient(management),
    account: new AccountClient(management),
    resources: (id: string) => resourcesOf(sandbox, id),
    /** When the account's remediation role was made: a role made anew has another time and id. */
    async roleId(id: string) {
      const iam = new IAMClient(sandbox.root(id));
      const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'portcullis-remediation' }));
      iam.destroy();
      return Role?.RoleId;
    },
    /** From now on the account's access role may do what docs/deployer-policy.json says, and no more. */
    async limit(id: string) {
      const iam = new IAMClient(sandbox.root(id));
      const RoleName = 'OrganizationAccountAccessRole';
      const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
      const PolicyDocument = await readFile(
        new URL('../../../../docs/deployer-policy.json', import.meta.url),
        'utf8',
      );
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'deployer', PolicyDocument }));
      await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
      iam.destroy();
    },
    environment,
    /** Starts the control plane with other settings, where any are given. */
    async start(change: Record<string, string> = {}) {
      state.started = performance.now();
      state.plane = await startControlPlane({ ...environment, ...change });
    },
    secondsSinceStart: () => (performance.now() - state.started) / 1000,
    /** Until the account is ready, or not ready for this reason. */
    ready: (id: string, reason = 'Succeeded') =>
      until(`account ${id} is to be ${reason}`, async () => {
        const { conditions, regions: found } = (await accountOf(id)) ?? {};
        const Ready = conditions?.Ready;
        return Ready?.reason === reason ? undefined : `it is ${JSON.stringify({ Ready, found })}`;
      }),
    async end() {
      await stop();
      await sandbox.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
}
