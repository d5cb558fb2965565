import { DescribeTrailsCommand } from '@aws-sdk/client-cloudtrail';
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteSecurityGroupCommand,
  DescribeInstancesCommand,
  DescribeIpamPrefixListResolverTargetsCommand,
  DescribeManagedPrefixListsCommand,
  DescribeRegionsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  GetManagedPrefixListAssociationsCommand,
  GetManagedPrefixListEntriesCommand,
  ModifyManagedPrefixListCommand,
  ModifySecurityGroupRulesCommand,
  RestoreManagedPrefixListVersionCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { PutEventsCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateRoleCommand,
  CreateUserCommand,
  GetRoleCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { InvokeCommand, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { busArn, names, queueArn, roleArn, ruleArn } from '../../../programs/names.ts';
import { hub } from '../../worlds/least-privilege.ts';
import type { Caller } from './sessions.ts';

/** What a row's call may name. */
export interface Ground {
  readonly endpoint: string;
  readonly groupId: string;
  readonly ruleId: string;
  readonly egressRuleId: string;
  readonly prefixListId: string;
  readonly slackSecretArn: string;
  readonly otherSecretArn: string;
}

/**
 * One call: what it is, beginning with its IAM action; the call itself; and the ARN that IAM compares, in which
 * `{account}` is the caller's, `*` for calls that name nothing.
 */
export type Row = readonly [call: string, make: (as: Caller, ground: Ground) => Promise<unknown>, on: string];

const world = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
/** What a narrowed rule would allow. */
export const office = '203.0.113.0/24';
const narrow = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: office }] };
/** The caller's own account. */
export const own = { ...hub, accountId: '{account}' };
export const orgBus = busArn(hub, names.bus);
const policy = { PolicyName: 'more', PolicyDocument: '{"Version":"2012-10-17","Statement":[]}' };
const trust = { AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}' };

export const assuming = (accountId: string, role: string): Row => [
  `sts:AssumeRole on ${role} of ${accountId}`,
  (as) =>
    as.sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn({ ...hub, accountId }, role), RoleSessionName: 'test' }),
    ),
  roleArn({ ...hub, accountId }, role),
];
export const putting = (bus: string): Row => [
  `events:PutEvents on ${bus}`,
  async (as) => {
    const Entries = [{ EventBusName: bus, Source: 'test', DetailType: 'test', Detail: '{}' }];
    const { FailedEntryCount } = await as.events.send(new PutEventsCommand({ Entries }));
    if (FailedEntryCount !== 0) throw new Error(`${FailedEntryCount} entries failed`);
  },
  bus.startsWith('arn:') ? bus : busArn(own, bus),
];
export const receiving = (queue: string): Row => [
  `sqs:ReceiveMessage on ${queue}`,
  (as, { endpoint }) =>
    as.sqs.send(new ReceiveMessageCommand({ QueueUrl: `${endpoint}/${hub.accountId}/${queue}` })),
  queueArn(hub, queue),
];
export const sending = (queue: string): Row => [
  `sqs:SendMessage on ${queue}`,
  (as, { endpoint }) =>
    as.sqs.send(
      new SendMessageCommand({ QueueUrl: `${endpoint}/${hub.accountId}/${queue}`, MessageBody: '{}' }),
    ),
  queueArn(hub, queue),
];
const ec2Calls: [call: string, make: Row[1]][] = [
  ['DescribeSecurityGroups', (as) => as.ec2.send(new DescribeSecurityGroupsCommand({}))],
  ['DescribeSecurityGroupRules', (as) => as.ec2.send(new DescribeSecurityGroupRulesCommand({}))],
  ['DescribeInstances', (as) => as.ec2.send(new DescribeInstancesCommand({}))],
  ['DescribeRegions', (as) => as.ec2.send(new DescribeRegionsCommand({}))],
  [
    'RunInstances',
    (as) => as.ec2.send(new RunInstancesCommand({ ImageId: 'ami-1', MinCount: 1, MaxCount: 1 })),
  ],
  [
    'CreateSecurityGroup',
    (as) => as.ec2.send(new CreateSecurityGroupCommand({ GroupName: 'more', Description: 'more' })),
  ],
  [
    'DeleteSecurityGroup',
    (as, { groupId }) => as.ec2.send(new DeleteSecurityGroupCommand({ GroupId: groupId })),
  ],
  [
    'AuthorizeSecurityGroupIngress',
    (as, { groupId }) =>
      as.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: [narrow] })),
  ],
  [
    'AuthorizeSecurityGroupEgress',
    (as, { groupId }) =>
      as.ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId: groupId, IpPermissions: [world] })),
  ],
  [
    'RevokeSecurityGroupEgress',
    (as, { groupId, egressRuleId }) =>
      as.ec2.send(
        new RevokeSecurityGroupEgressCommand({ GroupId: groupId, SecurityGroupRuleIds: [egressRuleId] }),
      ),
  ],
  [
    'RevokeSecurityGroupIngress',
    (as, { groupId, ruleId }) =>
      as.ec2.send(
        new RevokeSecurityGroupIngressCommand({ GroupId: groupId, SecurityGroupRuleIds: [ruleId] }),
      ),
  ],
  [
    'DescribeManagedPrefixLists',
    (as, { prefixListId }) =>
      as.ec2.send(new DescribeManagedPrefixListsCommand({ PrefixListIds: [prefixListId] })),
  ],
  [
    'DescribeIpamPrefixListResolverTargets',
    (as) => as.ec2.send(new DescribeIpamPrefixListResolverTargetsCommand({})),
  ],
  [
    'GetManagedPrefixListEntries',
    (as, { prefixListId: PrefixListId }) =>
      as.ec2.send(new GetManagedPrefixListEntriesCommand({ PrefixListId })),
  ],
  [
    'GetManagedPrefixListAssociations',
    (as, { prefixListId: PrefixListId }) =>
      as.ec2.send(new GetManagedPrefixListAssociationsCommand({ PrefixListId })),
  ],
  [
    'ModifyManagedPrefixList',
    (as, { prefixListId: PrefixListId }) => {
      const AddEntries = [{ Cidr: '0.0.0.0/0' }];
      return as.ec2.send(new ModifyManagedPrefixListCommand({ PrefixListId, CurrentVersion: 1, AddEntries }));
    },
  ],
  [
    'RestoreManagedPrefixListVersion',
    (as, { prefixListId: PrefixListId }) => {
      const versions = { CurrentVersion: 1, PreviousVersion: 1 };
      return as.ec2.send(new RestoreManagedPrefixListVersionCommand({ PrefixListId, ...versions }));
    },
  ],
  [
    'CreateTags',
    (as, { groupId, ruleId }) =>
      as.ec2.send(new CreateTagsCommand({ Resources: [ruleId, groupId], Tags: [{ Key: 'a', Value: 'b' }] })),
  ],
  [
    'ModifySecurityGroupRules',
    (as, { groupId, ruleId }) => {
      const SecurityGroupRule = { IpProtocol: 'tcp', FromPort: 1, ToPort: 65535, CidrIpv4: '0.0.0.0/0' };
      const SecurityGroupRules = [{ SecurityGroupRuleId: ruleId, SecurityGroupRule }];
      return as.ec2.send(new ModifySecurityGroupRulesCommand({ GroupId: groupId, SecurityGroupRules }));
    },
  ],
];
export const ec2 = ec2Calls.map(
  ([call, make]): Row => [
    `ec2:${call}`,
    make,
    /^(Describe|Get)/.test(call) ? '*' : 'arn:aws:ec2:eu-west-1:{account}:security-group/sg-1',
  ],
);
const creatingRole = (RoleName: string): Row => [
  `iam:CreateRole of ${RoleName}`,
  (as) => as.iam.send(new CreateRoleCommand({ RoleName, ...trust })),
  roleArn(own, RoleName),
];
const puttingPolicy = (RoleName: string): Row => [
  `iam:PutRolePolicy on ${RoleName}`,
  (as) => as.iam.send(new PutRolePolicyCommand({ RoleName, ...policy })),
  roleArn(own, RoleName),
];
export const iam: Row[] = [
  ['iam:ListRoles', (as) => as.iam.send(new ListRolesCommand({})), '*'],
  [
    'iam:GetRole on the remediation role',
    (as) => as.iam.send(new GetRoleCommand({ RoleName: names.remediationRole })),
    roleArn(own, names.remediationRole),
  ],
  [
    'iam:CreateUser',
    (as) => as.iam.send(new CreateUserCommand({ UserName: 'more' })),
    'arn:aws:iam::{account}:user/more',
  ],
  ...['more', 'portcullis-more'].map(creatingRole),
  ...[names.remediationRole, names.lambdaRole].map(puttingPolicy),
];
export const elsewhere: Row[] = [
  ['cloudtrail:DescribeTrails', (as) => as.cloudTrail.send(new DescribeTrailsCommand({})), '*'],
  ['logs:DescribeLogGroups', (as) => as.logs.send(new DescribeLogGroupsCommand({})), '*'],
  ['lambda:ListFunctions', (as) => as.lambda.send(new ListFunctionsCommand({})), '*'],
  [
    'lambda:InvokeFunction on the Lambda',
    (as) => as.lambda.send(new InvokeCommand({ FunctionName: names.remediationFunction })),
    `arn:aws:lambda:eu-west-1:{account}:function:${names.remediationFunction}`,
  ],
];
export const secret = (which: 'slackSecretArn' | 'otherSecretArn', called: string): Row => [
  `secretsmanager:GetSecretValue on ${called}`,
  (as, ground) => as.secrets.send(new GetSecretValueCommand({ SecretId: ground[which] })),
  which,
];
export const otherRule = (Name: string, EventBusName?: string): Row => [
  `events:PutRule of ${EventBusName ? `${EventBusName}/` : ''}${Name}`,
  (as) => as.events.send(new PutRuleCommand({ Name, EventBusName, EventPattern: '{"source":["a"]}' })),
  ruleArn(own, Name, EventBusName),
];
