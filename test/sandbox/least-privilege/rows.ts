import { DescribeRuleCommand } from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, CreateUserCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateAccountCommand,
  DescribeAccountCommand,
  LeaveOrganizationCommand,
  ListAccountsCommand,
  ListParentsCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
} from '@aws-sdk/client-organizations';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, DeleteMessageCommand, PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { names } from '../../../programs/names.ts';
import { accessRole, hub, management, member, topicArn } from '../../worlds/least-privilege.ts';
import {
  assuming,
  ec2,
  elsewhere,
  iam,
  orgBus,
  otherRule,
  others,
  pick,
  policy,
  putting,
  type Row,
  receiving,
  secret,
  sending,
  trust,
} from './actions.ts';
import { findings, forgetting, importing, publishing, redirecting, remembering } from './channels.ts';

const remediationCalls = [
  'DescribeSecurityGroups',
  'DescribeSecurityGroupRules',
  'RevokeSecurityGroupIngress',
  'AuthorizeSecurityGroupIngress',
  'DescribeManagedPrefixLists',
  'GetManagedPrefixListEntries',
  'GetManagedPrefixListAssociations',
  'DescribeIpamPrefixListResolverTargets',
];

/** By role: what it may do and what it may not. */
export const rows: Record<string, { permitted: Row[]; refused: Row[] }> = {
  "the Lambda's role": {
    permitted: [
      assuming(member.accountId, names.remediationRole),
      assuming(hub.accountId, names.remediationRole),
      putting(orgBus),
      sending(names.deadLetterQueue),
      receiving(names.canaryQueue),
      secret('slackSecretArn', 'the Slack secret'),
      ...remembering(names.table),
      publishing(topicArn),
    ],
    refused: [
      ...remembering('another'),
      ...forgetting,
      publishing(`${topicArn}-of-others`),
      ...redirecting,
      ...findings,
      ...[accessRole, names.forwarderRole].map((role) => assuming(member.accountId, role)),
      ...[names.lambdaRole, accessRole].map((role) => assuming(hub.accountId, role)),
      secret('otherSecretArn', 'another secret'),
      [
        'secretsmanager:PutSecretValue on the Slack secret',
        (as, { slackSecretArn: SecretId }) =>
          as.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'https://example.com' })),
      ],
      ...[names.deadLetterQueue, names.resultsQueue, names.lifecycleQueue].map(receiving),
      ...[names.canaryQueue, names.resultsQueue, names.lifecycleQueue].map(sending),
      ...['default', `arn:aws:events:eu-west-1:${member.accountId}:event-bus/default`].map(putting),
      otherRule('more', names.bus),
      ...Object.values(ec2),
      ...iam,
      ...elsewhere,
    ],
  },
  "a member's remediation role": {
    permitted: [...pick(...remediationCalls), importing(member.accountId)],
    refused: [
      importing(hub.accountId),
      ...findings.slice(1),
      ...remembering(names.table),
      publishing(topicArn),
      ...others(...remediationCalls),
      ...iam,
      assuming(member.accountId, accessRole),
      assuming(member.accountId, names.remediationRole),
      assuming(hub.accountId, names.lambdaRole),
      putting('default'),
      putting(orgBus),
      otherRule('more'),
      sending(names.deadLetterQueue),
      ...elsewhere,
    ],
  },
  "a member's forwarder role": {
    permitted: [], // the emulator has no bus of another account: that it may forward, the whole path shows
    refused: [
      ...findings,
      ...remembering(names.table),
      publishing(topicArn),
      putting('default'),
      putting(`arn:aws:events:eu-west-1:${hub.accountId}:event-bus/default`),
      otherRule('more'),
      assuming(member.accountId, names.remediationRole),
      sending(names.deadLetterQueue),
      ...Object.values(ec2),
      ...iam,
      ...elsewhere,
    ],
  },
  "the control plane's user": {
    permitted: [
      assuming(member.accountId, accessRole),
      ['organizations:ListAccounts', (as) => as.organizations.send(new ListAccountsCommand({}))],
      [
        'organizations:DescribeAccount',
        (as) => as.organizations.send(new DescribeAccountCommand({ AccountId: member.accountId })),
      ],
      [
        'organizations:ListParents',
        (as) => as.organizations.send(new ListParentsCommand({ ChildId: member.accountId })),
      ],
      ...pick('DescribeRegions', 'DescribeSecurityGroups', 'DescribeSecurityGroupRules'),
      [
        'organizations:ListTagsForResource of an account',
        (as) => as.organizations.send(new ListTagsForResourceCommand({ ResourceId: member.accountId })),
      ],
      [
        'events:DescribeRule of portcullis-lifecycle',
        (as) => as.events.send(new DescribeRuleCommand({ Name: names.lifecycleRule })),
      ],
    ],
    refused: [
      [
        'organizations:CreateAccount',
        (as) =>
          as.organizations.send(new CreateAccountCommand({ AccountName: 'more', Email: 'more@example.com' })),
      ],
      ['organizations:LeaveOrganization', (as) => as.organizations.send(new LeaveOrganizationCommand({}))],
      [
        'organizations:TagResource',
        (as) => {
          const tags = { ResourceId: member.accountId, Tags: [{ Key: 'stage', Value: 'none' }] };
          return as.organizations.send(new TagResourceCommand(tags));
        },
      ],
      assuming(member.accountId, names.remediationRole),
      assuming(management, names.remediationRole),
      ['iam:CreateUser', (as) => as.iam.send(new CreateUserCommand({ UserName: 'more' }))],
      [
        'iam:CreateRole of another name',
        (as) => as.iam.send(new CreateRoleCommand({ RoleName: 'portcullis-more', ...trust })),
      ],
      [
        'iam:PutRolePolicy on another role',
        (as) => as.iam.send(new PutRolePolicyCommand({ RoleName: 'portcullis-lambda', ...policy })),
      ],
      ...['more', 'portcullis-more'].map((name) => otherRule(name)),
      otherRule(names.forwardRule, names.bus),
      ...['more', names.resultsQueue].map(
        (QueueName): Row => [
          `sqs:CreateQueue of ${QueueName}`,
          (as) => as.sqs.send(new CreateQueueCommand({ QueueName })),
        ],
      ),
      receiving(names.resultsQueue),
      receiving(names.forwardDeadLetterQueue),
      [
        'sqs:PurgeQueue on its own dead-letter queue',
        (as, { endpoint }) =>
          as.sqs.send(
            new PurgeQueueCommand({
              QueueUrl: `${endpoint}/${management}/${names.forwardDeadLetterQueue}`,
            }),
          ),
      ],
      [
        'sqs:DeleteMessage on the results queue',
        (as, { endpoint }) =>
          as.sqs.send(
            new DeleteMessageCommand({
              QueueUrl: `${endpoint}/${hub.accountId}/${names.resultsQueue}`,
              ReceiptHandle: 'none',
            }),
          ),
      ],
      putting('default'),
      // it may put ingress back in its own account: that no more, the statements show
      ...others(
        'DescribeRegions',
        'DescribeSecurityGroups',
        'DescribeSecurityGroupRules',
        'AuthorizeSecurityGroupIngress',
      ),
      ...findings,
      ...remembering(names.table),
      publishing(topicArn),
      secret('slackSecretArn', 'the Slack secret'),
    ],
  },
};
