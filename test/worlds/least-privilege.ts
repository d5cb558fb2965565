import { readFile } from 'node:fs/promises';
import {
  AttachUserPolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  IAMClient,
  ListAttachedUserPoliciesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { World } from '../../sandbox/demo/world.ts';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { allBut, startTestWorld } from './control-plane.ts';

export const management = '111111111111';
export const hub = { partition: 'aws', accountId: '222222222222', region: 'eu-west-1' };
export const member = { accountId: '300000000001', region: 'eu-west-1' };
export const topicArn = `arn:aws:sns:${hub.region}:${hub.accountId}:people`;
export const accessRole = 'OrganizationAccountAccessRole';

export interface Statement {
  Sid: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: object;
}
export interface Document {
  Version: string;
  Statement: Statement[];
}

const documentOf = async (name: string): Promise<Document> =>
  JSON.parse(await readFile(new URL(`../../docs/${name}.json`, import.meta.url), 'utf8'));
/** What the access role of every account may do, and what that of the hub may do beside it. */
export const memberPolicy = await documentOf('deployer-policy');
const hubPolicy = await documentOf('deployer-hub-policy');
/** Both, as the access role of the hub has them. */
export const deployerPolicy = {
  ...memberPolicy,
  Statement: [...memberPolicy.Statement, ...hubPolicy.Statement],
};
export const controlPlanePolicy = await documentOf('control-plane-policy');
export const verifyPolicy = await documentOf('verify-policy');

/** A policy document without one statement, as text. */
function without(document: Document, sid?: string): string {
  return JSON.stringify({ ...document, Statement: document.Statement.filter(({ Sid }) => Sid !== sid) });
}

/**
 * From now on an account's access role may do what docs/deployer-policy.json says, in the hub also what
 * docs/deployer-hub-policy.json says, less one statement, and no more.
 */
export async function permitDeployer(world: World, accountId: string, lacking?: string): Promise<void> {
  const iam = new IAMClient(world.sandbox.root(accountId));
  const PolicyDocument = without(accountId === hub.accountId ? deployerPolicy : memberPolicy, lacking);
  await iam.send(new PutRolePolicyCommand({ RoleName: accessRole, PolicyName: 'deployer', PolicyDocument }));
}

const UserName = 'portcullis-control-plane';

let made = 0;

/** The same for the control plane's user and docs/control-plane-policy.json, which is too large for an inline policy. */
export async function permitControlPlane(world: World, lacking?: string): Promise<void> {
  const iam = new IAMClient(world.sandbox.root(management));
  made += 1;
  const document = {
    PolicyName: `${UserName}-${made}`,
    PolicyDocument: without(controlPlanePolicy, lacking),
  };
  const { Policy } = await iam.send(new CreatePolicyCommand(document));
  const { AttachedPolicies = [] } = await iam.send(new ListAttachedUserPoliciesCommand({ UserName }));
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: Policy?.Arn }));
  for (const { PolicyArn } of AttachedPolicies) {
    await iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn }));
  }
}

async function reconcile(world: World, accounts: string[], region: string): Promise<void> {
  const scope = [...accounts.flatMap((id) => ['--account', id]), '--region', region];
  const { exit, output } = await world.controlPlane.cli(['reconcile', ...scope]);
  if (exit !== 0) throw new Error(`reconcile ended with exit code ${exit}:\n${output}`);
}

/** Everything that a setting switches on is on. */
const settings = {
  PORTCULLIS_NOTIFICATION_TOPIC_ARN: topicArn,
  PORTCULLIS_SECURITY_HUB: 'on',
  PORTCULLIS_NARROWING: 'on',
  PORTCULLIS_REGIONS: `${hub.region},us-east-1`,
  PORTCULLIS_EXCLUDE: allBut(management, member.accountId),
};

/** The world with hub, one member and the management account deployed through the documented policies alone. */
export async function deployedWorld(): Promise<World> {
  const world = await startTestWorld(settings);
  try {
    for (const accountId of [hub.accountId, member.accountId]) {
      const iam = new IAMClient(world.sandbox.root(accountId));
      const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
      await iam.send(new DetachRolePolicyCommand({ RoleName: accessRole, PolicyArn }));
      await permitDeployer(world, accountId);
    }
    await reconcile(world, [hub.accountId, member.accountId], hub.region);
    await reconcile(world, [management], 'us-east-1');
    return world;
  } catch (error) {
    await world.stop();
    throw error;
  }
}

let roles = 0;

/** Client settings of a session of a new role that may do what the statements say, and nothing else. */
export async function limitedRole(
  sandbox: Sandbox,
  place: { accountId: string; region: string },
  ...Statement: { Action: string | string[]; Resource: string | string[]; Condition?: object }[]
) {
  roles += 1;
  const RoleName = `limited-${roles}`;
  const root = sandbox.root(place.accountId, place.region);
  const iam = new IAMClient(root);
  const document = (...statements: object[]) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: statements.map((one) => ({ Effect: 'Allow', ...one })),
    });
  const Principal = { AWS: `arn:aws:iam::${place.accountId}:root` };
  const AssumeRolePolicyDocument = document({ Principal, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = document(...Statement);
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'calls', PolicyDocument }));
  const RoleArn = `arn:aws:iam::${place.accountId}:role/${RoleName}`;
  const { Credentials } = await new STSClient(root).send(
    new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }),
  );
  return {
    ...root,
    credentials: {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    },
  };
}
