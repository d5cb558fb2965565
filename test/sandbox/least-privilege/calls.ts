import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateSecurityGroupCommand, DeleteSecurityGroupCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { type Aws, awsClients } from '../../../controlplane/aws/clients.ts';
import { checkConcurrency } from '../../../controlplane/aws/hub-checks.ts';
import { refreshTags } from '../../../controlplane/organization/account-tags.ts';
import { readOrganization } from '../../../controlplane/organization/listing.ts';
import { observeAccount } from '../../../controlplane/reconcile/observe.ts';
import { putBack } from '../../../controlplane/remediations/restore/put-back.ts';
import { names } from '../../../programs/names.ts';
import type { World } from '../../../sandbox/demo/world.ts';
import {
  type Aws as ProviderAws,
  awsClients as providerClients,
} from '../../../sandbox/provider/protocol/clients.ts';
import type { Properties } from '../../../sandbox/provider/protocol/field.ts';
import type { Resource } from '../../../sandbox/provider/protocol/resource.ts';
import { table } from '../../../sandbox/provider/table.ts';
import { accessRole, hub, management } from '../../worlds/least-privilege.ts';
import { failuresToTell } from './announcement.ts';

/** One resource of a deployed stack, as the engine recorded it. */
interface Deployed {
  readonly type: string;
  readonly resource: Resource;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** The AWS resources of an account's stacks in the order of their creation. */
export async function deployedResources(world: World, accountId: string): Promise<Deployed[]> {
  const stacks = join(world.environment.PORTCULLIS_DATA ?? '', 'state/.pulumi/stacks');
  const files = (await readdir(stacks, { recursive: true })).filter((file) => file.endsWith('.json'));
  const own = files.filter(
    (file) => file.includes(accountId) || (accountId === hub.accountId && file.endsWith('hub.json')),
  );
  const recorded = await Promise.all(
    own
      .sort((a, b) => Number(b.endsWith('hub.json')) - Number(a.endsWith('hub.json')))
      .map(async (file) => {
        const { checkpoint } = JSON.parse(await readFile(join(stacks, file), 'utf8'));
        return checkpoint.latest.resources as { type: string; inputs: Properties; outputs: Properties }[];
      }),
  );
  return recorded.flat().flatMap(({ type, inputs, outputs }) => {
    const resource = table[type];
    return resource ? [{ type, resource, inputs, outputs }] : [];
  });
}

/** The provider's clients in an account, by Region, with a fresh session of the role that the stacks use. */
export function providerIn(accountId: string): (region?: string) => ProviderAws {
  const roleArn = `arn:aws:iam::${accountId}:role/${accessRole}`;
  return providerClients({
    region: hub.region,
    assumeRoles: accountId === management ? [] : [{ roleArn, sessionName: 'test' }],
    allowedAccountIds: [],
    forbiddenAccountIds: [],
    defaultTags: {},
    skipCredentialsValidation: true,
  });
}

/** The action that a refusal names; any other failure is thrown on. */
async function refusedAction(call: () => Promise<unknown>): Promise<string[]> {
  try {
    await call();
    return [];
  } catch (error) {
    const action = /not authorized to perform: ([a-z0-9]+:\w+)/.exec(String((error as Error).message))?.[1];
    if (!action) throw error;
    return [action];
  }
}

/** What a setting or an edit by hand gives a resource, beyond what the programs of the test declare. */
const more: Record<string, Properties> = {
  'aws:iam/role:Role': { permissionsBoundary: 'arn:aws:iam::aws:policy/AdministratorAccess' },
  'aws:lambda/function:Function': { reservedConcurrentExecutions: 5 },
};

/** Reads, writes and tags a resource, as a refresh and an update that finds everything edited by hand would. */
export async function maintain(
  { type, resource, inputs, outputs }: Deployed,
  aws: ProviderAws,
): Promise<string[]> {
  const given = more[type];
  const edited = { ...inputs, ...given };
  const acts = [
    () => resource.read(aws, outputs),
    async () => resource.update?.(aws, inputs, outputs, {}),
    ...(given
      ? [
          async () => resource.update?.(aws, edited, outputs, inputs),
          async () => resource.update?.(aws, inputs, { ...outputs, ...given }, edited),
        ]
      : []),
    async () => resource.tag?.(aws, outputs, { test: 'true' }),
    async () => resource.untag?.(aws, outputs, ['test']),
  ];
  const refused: string[] = [];
  for (const act of acts) refused.push(...(await refusedAction(act)));
  return refused;
}

const settings = { hub: { accountId: hub.accountId, region: hub.region }, regions: undefined, accessRole };

async function check(aws: Aws, id: string): Promise<void> {
  const account = { id, name: id, email: '', state: 'ACTIVE', parents: [] } as never;
  const survey = await observeAccount(aws, settings, account, 0);
  if (survey.kind !== 'found') throw new Error(survey.message);
  for (const { trail } of survey.account.regions)
    if (trail.covered === 'unknown') throw new Error(trail.reason);
}

/** Puts a rule with a tag into a group of the account, as a restore does; the group is new and gone afterwards. */
async function restore(world: World, aws: Aws, accountId: string): Promise<void> {
  const root = new EC2Client(world.sandbox.root(accountId, hub.region));
  const made = { GroupName: 'restored', Description: 'test' };
  const { GroupId = '' } = await root.send(new CreateSecurityGroupCommand(made));
  const ipPermission = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  const undo = { ipPermission, tags: [{ Key: 'owner', Value: 'shop' }] };
  try {
    await putBack(await aws.ec2(accountId, hub.region), GroupId, undo, AbortSignal.timeout(60_000));
  } finally {
    await root.send(new DeleteSecurityGroupCommand({ GroupId }));
  }
}

async function receive(aws: Aws, queue: string): Promise<void> {
  const QueueUrl = `${process.env.AWS_ENDPOINT_URL}/${hub.accountId}/${queue}`;
  const sqs = await aws.sqs(hub.accountId, hub.region);
  await sqs.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'none' })).catch((error: Error) => {
    if (error.name !== 'ReceiptHandleIsInvalid') throw error;
  });
}

/** The actions refused to the control plane while it does in an account all that it ever does there. */
export async function refusals(world: World, accountId: string): Promise<string[]> {
  const refused: string[] = [];
  const clients = providerIn(accountId);
  for (const deployed of await deployedResources(world, accountId)) {
    const region = deployed.outputs.region;
    refused.push(...(await maintain(deployed, clients(typeof region === 'string' ? region : undefined))));
  }
  const aws = awsClients(settings);
  refused.push(...(await refusedAction(() => check(aws, accountId))));
  refused.push(...(await refusedAction(() => restore(world, aws, accountId))));
  if (accountId === hub.accountId) {
    for (const queue of [names.lifecycleQueue, names.resultsQueue]) {
      refused.push(...(await refusedAction(() => receive(aws, queue))));
    }
    const { message, result } = await checkConcurrency(aws, settings);
    if (result === 'unknown')
      refused.push(...(await refusedAction(() => Promise.reject(new Error(message)))));
    for (const error of await failuresToTell(world, aws))
      refused.push(...(await refusedAction(() => Promise.reject(error))));
  }
  if (accountId === management) {
    refused.push(...(await refusedAction(() => readOrganization(aws))));
    const nowhere = { accounts: { setTags: async () => {} }, now: async () => new Date() };
    refused.push(...(await refusedAction(() => refreshTags(aws, nowhere, [hub.accountId, management]))));
    refused.push(...(await refusedAction(() => check(aws, hub.accountId))));
  }
  return [...new Set(refused)].sort();
}
