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
import { LeaveOrganizationCommand, ListAccountsCommand } from '@aws-sdk/client-organizations';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand } from '@aws-sdk/client-sts';
import { busArn, names, roleArn } from '../../../programs/names.ts';
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

/** One call: what it is, and the call itself. */
export type Row = readonly [call: string, make: (as: Caller, ground: Ground) => Promise<unknown>];

const world = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
/** What a narrowed rule would let in. */
export const office = '203.0.113.0/24';
const narrow = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: office }] };
export const orgBus = busArn(hub, names.bus);
export const policy = { PolicyName: 'more', PolicyDocument: '{"Version":"2012-10-17","Statement":[]}' };
export const trust = { AssumeRolePolicyDocument: '{"Version":"2012-10-17","Statement":[]}' };

export const assuming = (accountId: string, role: string): Row => [
  `sts:AssumeRole on ${role} of ${accountId}`,
  (as) =>
    as.sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn({ ...hub, accountId }, role), RoleSessionName: 'test' }),
    ),
];
export const putting = (bus: string): Row => [
  `events:PutEvents on ${bus}`,
  async (as) => {
    const Entries = [{ EventBusName: bus, Source: 'test', DetailType: 'test', Detail: '{}' }];
    const { FailedEntryCount } = await as.events.send(new PutEventsCommand({ Entries }));
    if (FailedEntryCount !== 0) throw new Error(`${FailedEntryCount} entries failed`);
  },
];
export const receiving = (queue: string): Row => [
  `sqs:ReceiveMessage on ${queue}`,
  (as, { endpoint }) =>
    as.sqs.send(new ReceiveMessageCommand({ QueueUrl: `${endpoint}/${hub.accountId}/${queue}` })),
];
export const sending = (queue: string): Row => [
  `sqs:SendMessage on ${queue}`,
  (as, { endpoint }) =>
    as.sqs.send(
      new SendMessageCommand({ QueueUrl: `${endpoint}/${hub.accountId}/${queue}`, MessageBody: '{}' }),
    ),
];
export const ec2: Record<string, Row> = Object.fromEntries(
  (
    [
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
          as.ec2.send(
            new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: [narrow] }),
          ),
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
          return as.ec2.send(
            new ModifyManagedPrefixListCommand({ PrefixListId, CurrentVersion: 1, AddEntries }),
          );
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
          as.ec2.send(
            new CreateTagsCommand({ Resources: [ruleId, groupId], Tags: [{ Key: 'a', Value: 'b' }] }),
          ),
      ],
      [
        'ModifySecurityGroupRules',
        (as, { groupId, ruleId }) => {
          const SecurityGroupRule = { IpProtocol: 'tcp', FromPort: 1, ToPort: 65535, CidrIpv4: '0.0.0.0/0' };
          const SecurityGroupRules = [{ SecurityGroupRuleId: ruleId, SecurityGroupRule }];
          return as.ec2.send(new ModifySecurityGroupRulesCommand({ GroupId: groupId, SecurityGroupRules }));
        },
      ],
    ] as Row[]
  ).map(([call, make]) => [call, [`ec2:${call}`, make] as const]),
);
export const iam: Row[] = [
  ['iam:ListRoles', (as) => as.iam.send(new ListRolesCommand({}))],
  ['iam:GetRole on itself', (as) => as.iam.send(new GetRoleCommand({ RoleName: names.remediationRole }))],
  ['iam:CreateUser', (as) => as.iam.send(new CreateUserCommand({ UserName: 'more' }))],
  [
    'iam:CreateRole of another name',
    (as) => as.iam.send(new CreateRoleCommand({ RoleName: 'more', ...trust })),
  ],
  [
    'iam:PutRolePolicy on itself',
    (as) => as.iam.send(new PutRolePolicyCommand({ RoleName: names.remediationRole, ...policy })),
  ],
];
export const elsewhere: Row[] = [
  ['organizations:ListAccounts', (as) => as.organizations.send(new ListAccountsCommand({}))],
  ['organizations:LeaveOrganization', (as) => as.organizations.send(new LeaveOrganizationCommand({}))],
  ['cloudtrail:DescribeTrails', (as) => as.cloudTrail.send(new DescribeTrailsCommand({}))],
  ['logs:DescribeLogGroups', (as) => as.logs.send(new DescribeLogGroupsCommand({}))],
  ['lambda:ListFunctions', (as) => as.lambda.send(new ListFunctionsCommand({}))],
  [
    'lambda:InvokeFunction on the Lambda',
    (as) => as.lambda.send(new InvokeCommand({ FunctionName: names.remediationFunction })),
  ],
];
export const pick = (...calls: string[]): Row[] => calls.map((call) => ec2[call] as Row);
export const others = (...calls: string[]): Row[] =>
  pick(...Object.keys(ec2).filter((call) => !calls.includes(call)));
export const secret = (which: 'slackSecretArn' | 'otherSecretArn', called: string): Row => [
  `secretsmanager:GetSecretValue on ${called}`,
  (as, ground) => as.secrets.send(new GetSecretValueCommand({ SecretId: ground[which] })),
];
export const otherRule = (Name: string, EventBusName?: string): Row => [
  `events:PutRule of ${EventBusName ? `${EventBusName}/` : ''}${Name}`,
  (as) => as.events.send(new PutRuleCommand({ Name, EventBusName, EventPattern: '{"source":["a"]}' })),
];
