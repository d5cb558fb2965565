import { IAMClient, PutRolePolicyCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { names } from '../../../programs/names.ts';
import type { Sandbox } from '../../../sandbox/sandbox.ts';
import { hub, management, member } from '../../worlds/least-privilege.ts';

const everyRight = {
  PolicyName: 'everything',
  PolicyDocument: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
  }),
};

/** From now on the policy of each caller permits every call. */
export async function permitEverything(sandbox: Sandbox): Promise<void> {
  const roles = [
    [hub.accountId, names.lambdaRole],
    [member.accountId, names.remediationRole],
    [member.accountId, names.forwarderRole],
  ] as const;
  for (const [accountId, RoleName] of roles)
    await new IAMClient(sandbox.root(accountId)).send(new PutRolePolicyCommand({ RoleName, ...everyRight }));
  const UserName = 'portcullis-control-plane';
  await new IAMClient(sandbox.root(management)).send(new PutUserPolicyCommand({ UserName, ...everyRight }));
}

const ofOtherAccounts = [
  /^sts:AssumeRole on /,
  /^sqs:(?!CreateQueue)/,
  /^sns:(Publish on people$|Subscribe|SetTopicAttributes)/,
  /^organizations:(?!LeaveOrganization)/,
];

/**
 * The calls that something other than the caller's policy refuses too: the trust of a role, or the owner of a queue,
 * topic or organization. They are refused with every right too, so they show nothing about the policy.
 */
export const refusedAnyway: Record<string, readonly RegExp[]> = {
  "the Lambda's role": [/^sts:AssumeRole on /, /^sqs:PurgeQueue on /],
  "a member's remediation role": ofOtherAccounts,
  "a member's forwarder role": ofOtherAccounts,
  "the control plane's user": [/^sts:AssumeRole on portcullis-/],
};
