import { readFile } from 'node:fs/promises';
import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import type { CellView } from '../../../../controlplane/stacks/cell.ts';
import { canaryTag } from '../../../../lambda/contract/canary.ts';
import type { World } from '../../../../sandbox/demo/world.ts';
import { allBut, startTestWorld } from '../../../worlds/control-plane.ts';
import {
  accessRole,
  type Document,
  deployerPolicy,
  hub,
  management,
  member,
} from '../../../worlds/least-privilege.ts';

export const untrailed = { accountId: '300000000006', region: member.region };
export const accounts = [hub.accountId, member.accountId, untrailed.accountId];

export const verifyPolicy: Document = JSON.parse(
  await readFile(new URL('../../../../docs/verify-policy.json', import.meta.url), 'utf8'),
);

/** From now on an account's access role may verify as docs/verify-policy.json says, less some statements. */
export async function permitVerify(world: World, accountId: string, ...lacking: string[]): Promise<void> {
  const iam = new IAMClient(world.sandbox.root(accountId));
  const Statement = verifyPolicy.Statement.filter(({ Sid }) => !lacking.includes(Sid));
  const PolicyDocument = JSON.stringify({ ...verifyPolicy, Statement });
  await iam.send(new PutRolePolicyCommand({ RoleName: accessRole, PolicyName: 'verify', PolicyDocument }));
}

/**
 * Hub, a member and an account without a trail, deployed in one Region under a policy that observes alone, by access
 * roles that may do what the documented policies say and no more.
 */
export async function verifiedWorld(): Promise<World> {
  const world = await startTestWorld({
    PORTCULLIS_POLICY: 'test/fixtures/policies/observed.yaml',
    PORTCULLIS_VERIFY_WAIT_MINUTES: '0.4',
    // Nothing but what is verified: the service onboards automatically everything it may.
    PORTCULLIS_REGIONS: member.region,
    PORTCULLIS_EXCLUDE: allBut(member.accountId, untrailed.accountId),
  });
  try {
    for (const accountId of accounts) {
      const iam = new IAMClient(world.sandbox.root(accountId));
      const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
      await iam.send(new DetachRolePolicyCommand({ RoleName: accessRole, PolicyArn }));
      const deployer = { PolicyName: 'deployer', PolicyDocument: JSON.stringify(deployerPolicy) };
      await iam.send(new PutRolePolicyCommand({ RoleName: accessRole, ...deployer }));
      await permitVerify(world, accountId);
    }
    await limitControlPlane(world);
    const scope = accounts.flatMap((id) => ['--account', id]);
    const { exit, output } = await world.controlPlane.cli(['reconcile', ...scope, '--region', member.region]);
    if (exit !== 0) throw new Error(`reconcile ended with exit code ${exit}:\n${output}`);
    return world;
  } catch (error) {
    await world.stop();
    throw error;
  }
}

/** The sandbox has attached the documented policies to the control plane's user; no other stays. */
async function limitControlPlane(world: World): Promise<void> {
  const iam = new IAMClient(world.sandbox.root(management));
  const UserName = 'portcullis-control-plane';
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn })).catch((error: Error) => {
    if (error.name !== 'NoSuchEntityException' && error.name !== 'NoSuchEntity') throw error;
  });
}

export const cellsOf = async (world: Pick<World, 'controlPlane'>) =>
  (await world.controlPlane.get<{ cells: CellView[] }>('/v1/coverage')).cells;

/** Every group in a cell that is or was a canary's. */
export async function canaryGroups(world: World, { accountId, region }: typeof untrailed): Promise<string[]> {
  const ec2 = new EC2Client(world.sandbox.root(accountId, region));
  const Filters = [{ Name: 'tag-key', Values: [canaryTag] }];
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
  return SecurityGroups.flatMap(({ GroupId, Tags = [] }) =>
    GroupId && Tags.some(({ Key }) => Key === canaryTag) ? [GroupId] : [],
  );
}
