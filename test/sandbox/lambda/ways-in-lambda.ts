import { EC2Client } from '@aws-sdk/client-ec2';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { awsCloud, type Cloud } from '../../../lambda/aws/cloud.ts';
import { createHandler, type Handler } from '../../../lambda/handler.ts';
import { tableLedger } from '../../../lambda/ledger/table.ts';
import type { Mode, Policy } from '../../../lambda/policy/schema/policy.ts';
import { names } from '../../../programs/names.ts';
import { lambdaPermissions, remediationPermissions, remediationTrust } from '../../../programs/policies.ts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { bus, enterLambdaRole, hub } from './iam-hub.ts';

const rights = { narrowing: false, securityHub: false };

/** The role of a member account, as the account stack declares it. */
export async function makeMemberRole(sandbox: Sandbox, accountId: string): Promise<void> {
  const iam = new IAMClient(sandbox.root(accountId));
  const RoleName = names.remediationRole;
  const AssumeRolePolicyDocument = remediationTrust(hub, sandbox.organization.id);
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = remediationPermissions({ ...hub, accountId }, rights);
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'calls', PolicyDocument }));
}

/** Permits the function's role its calls, and puts a session of it into the environment. */
export async function permitLambdaRole(sandbox: Sandbox): Promise<void> {
  const iam = new IAMClient(sandbox.root(hub.accountId));
  const PolicyDocument = lambdaPermissions(hub, bus, { organizationId: sandbox.organization.id });
  const RoleName = names.lambdaRole;
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'calls', PolicyDocument }));
  await enterLambdaRole(sandbox);
}

/** The function in this process, with its role's session, by the policy capped to a mode; it tells each AWS call it makes. */
export function lambdaOf(policy: Policy, mode: Mode, called: (call: string) => void): Handler {
  const reported = <Calls extends object>(calls: Calls): Calls =>
    new Proxy(calls, {
      get(target, name, receiver) {
        const call = Reflect.get(target, name, receiver);
        if (typeof call !== 'function' || name === 'member') return call;
        return (...args: unknown[]) => {
          called(String(name));
          return call.apply(target, args);
        };
      },
    });
  const cloud = awsCloud(hub.region);
  const watched: Cloud = reported({
    ...cloud,
    member: (region, session) => reported(cloud.member(region, session)),
  });
  return createHandler({
    policy: { ...policy, mode },
    environment: {
      ...{ busArn: bus, hubRegion: hub.region, partition: 'aws', remediationRole: names.remediationRole },
      ...{ table: names.table, slackSecretArn: null, topicArn: null, securityHub: false },
    },
    cloud: watched,
    ledger: tableLedger(hub.region, names.table),
    fetch,
    // Rules are put back with other ids and content than some events say: that is waited for, if briefly here.
    clock: {
      now: () => new Date(),
      sleep: (time) => new Promise((enqueue) => setTimeout(enqueue, time / 100)),
    },
    log: () => undefined,
  });
}

export const ec2Of = (sandbox: Sandbox, accountId: string, region: string) =>
  new EC2Client(sandbox.root(accountId, region));
