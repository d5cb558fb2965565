import { DescribeRuleCommand } from '@aws-sdk/client-eventbridge';
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
import { names, queueArn, ruleArn } from '../../../programs/names.ts';
import {
  forwarderPermissions,
  lambdaPermissions,
  remediationPermissions,
} from '../../../programs/policies.ts';
import {
  accessRole,
  controlPlanePolicy,
  type Document,
  hub,
  management,
  member,
  topicArn,
  verifyPolicy,
} from '../../worlds/least-privilege.ts';
import {
  assuming,
  ec2,
  elsewhere,
  iam,
  orgBus,
  otherRule,
  own,
  putting,
  type Row,
  receiving,
  secret,
  sending,
} from './actions.ts';
import { findings, forgetting, importing, publishing, redirecting, remembering } from './channels.ts';
import { refusedAnyway } from './excess.ts';

const accountArn = `arn:aws:organizations::${management}:account/o-1/${member.accountId}`;

const organizations: Row[] = [
  ['organizations:ListAccounts', (as) => as.organizations.send(new ListAccountsCommand({})), '*'],
  [
    'organizations:DescribeAccount',
    (as) => as.organizations.send(new DescribeAccountCommand({ AccountId: member.accountId })),
    accountArn,
  ],
  [
    'organizations:ListParents',
    (as) => as.organizations.send(new ListParentsCommand({ ChildId: member.accountId })),
    accountArn,
  ],
  [
    'organizations:ListTagsForResource of an account',
    (as) => as.organizations.send(new ListTagsForResourceCommand({ ResourceId: member.accountId })),
    accountArn,
  ],
  [
    'organizations:CreateAccount',
    (as) =>
      as.organizations.send(new CreateAccountCommand({ AccountName: 'more', Email: 'more@example.com' })),
    '*',
  ],
  ['organizations:LeaveOrganization', (as) => as.organizations.send(new LeaveOrganizationCommand({})), '*'],
  [
    'organizations:TagResource',
    (as) => {
      const tags = { ResourceId: member.accountId, Tags: [{ Key: 'stage', Value: 'none' }] };
      return as.organizations.send(new TagResourceCommand(tags));
    },
    accountArn,
  ],
];

const queues: Row[] = [
  ...[names.deadLetterQueue, names.canaryQueue, names.resultsQueue, names.lifecycleQueue].flatMap((queue) => [
    receiving(queue),
    sending(queue),
  ]),
  ...['more', names.resultsQueue].map(
    (QueueName): Row => [
      `sqs:CreateQueue of ${QueueName}`,
      (as) => as.sqs.send(new CreateQueueCommand({ QueueName })),
      queueArn(own, QueueName),
    ],
  ),
  [
    'sqs:PurgeQueue on the dead-letter queue of the management account',
    (as, { endpoint }) => {
      const QueueUrl = `${endpoint}/${management}/${names.forwardDeadLetterQueue}`;
      return as.sqs.send(new PurgeQueueCommand({ QueueUrl }));
    },
    queueArn({ ...hub, accountId: management }, names.forwardDeadLetterQueue),
  ],
  [
    'sqs:DeleteMessage on the results queue',
    (as, { endpoint }) => {
      const QueueUrl = `${endpoint}/${hub.accountId}/${names.resultsQueue}`;
      return as.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'none' }));
    },
    queueArn(hub, names.resultsQueue),
  ],
];

/** Every call, by any role. */
const calls: Row[] = [
  ...[names.remediationRole, names.forwarderRole, accessRole].map((role) => assuming(member.accountId, role)),
  ...[names.remediationRole, names.lambdaRole, accessRole].map((role) => assuming(hub.accountId, role)),
  ...[orgBus, 'default', `arn:aws:events:eu-west-1:${member.accountId}:event-bus/default`].map(putting),
  ...[otherRule('more'), otherRule('portcullis-more')],
  ...[otherRule('more', names.bus), otherRule(names.forwardRule, names.bus)],
  [
    'events:DescribeRule of portcullis-lifecycle',
    (as) => as.events.send(new DescribeRuleCommand({ Name: names.lifecycleRule })),
    ruleArn(own, names.lifecycleRule),
  ],
  ...queues,
  secret('slackSecretArn', 'the Slack secret'),
  secret('otherSecretArn', 'another secret'),
  [
    'secretsmanager:PutSecretValue on the Slack secret',
    (as, { slackSecretArn: SecretId }) =>
      as.secrets.send(new PutSecretValueCommand({ SecretId, SecretString: 'https://example.com' })),
    'slackSecretArn',
  ],
  ...[...remembering(names.table), ...remembering('another'), ...forgetting],
  ...[publishing(topicArn), publishing(`${topicArn}-of-others`), ...redirecting],
  ...[...findings, importing(hub.accountId)],
  ...[...ec2, ...iam, ...organizations, ...elsewhere],
];

/** What a role's policy says, and what of it is not tried here. */
interface Caller {
  readonly accountId: string;
  readonly document: Document;
  readonly untried?: readonly RegExp[];
}

const channels = { organizationId: 'o-1', slackSecretArn: 'slackSecretArn', notificationTopicArn: topicArn };
const everything = { narrowing: true, securityHub: true };

const callers: Record<string, Caller> = {
  "the Lambda's role": {
    accountId: hub.accountId,
    document: JSON.parse(lambdaPermissions(hub, orgBus, channels)),
  },
  "a member's remediation role": {
    accountId: member.accountId,
    document: JSON.parse(remediationPermissions({ ...hub, ...member }, everything)),
  },
  "a member's forwarder role": {
    accountId: member.accountId,
    document: JSON.parse(forwarderPermissions(orgBus)),
    // The emulator has no bus of another account: that it may forward, the whole path shows.
    untried: [new RegExp(`^events:PutEvents on ${orgBus}$`)],
  },
  "the control plane's user": {
    accountId: management,
    // The organization of the sandbox gives it both.
    document: {
      ...controlPlanePolicy,
      Statement: [...controlPlanePolicy.Statement, ...verifyPolicy.Statement],
    },
    // It may put ingress back and make its roles in its own account: that no more, the statements show.
    untried: [/^ec2:AuthorizeSecurityGroupIngress$/, /^iam:(GetRole|PutRolePolicy) on .*remediation/],
  },
};

/** The one condition that the calls here meet: every role that they assume is one of the organization. */
const isMet = (condition: object | undefined) =>
  condition === undefined || JSON.stringify(condition).startsWith('{"StringEquals":{"aws:ResourceOrgID":');

const fits = (pattern: string, arn: string) =>
  new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(arn);

function isAllowed({ document, accountId }: Caller, [call, , on]: Row): boolean {
  const [action = ''] = call.split(' ');
  const arn = on.replace('{account}', accountId);
  return document.Statement.some(
    ({ Action, Resource, Condition }) =>
      [Action].flat().includes(action) &&
      [Resource].flat().some((pattern) => fits(pattern, arn)) &&
      isMet(Condition),
  );
}

interface Rows {
  permitted: Row[];
  /** Refused by the policy alone. */
  refused: Row[];
  /** Refused by the policy and by something else. */
  refusedTwice: Row[];
}

/** By role: what its policy permits of all the calls, and what it does not. */
export const rows: Record<string, Rows> = Object.fromEntries(
  Object.entries(callers).map(([who, caller]) => {
    const tried = calls.filter(([call]) => !caller.untried?.some((pattern) => pattern.test(call)));
    const permitted = tried.filter((row) => isAllowed(caller, row));
    const others = tried.filter((row) => !permitted.includes(row));
    const refusedTwice = others.filter(([call]) => refusedAnyway[who]?.some((pattern) => pattern.test(call)));
    return [who, { permitted, refused: others.filter((row) => !refusedTwice.includes(row)), refusedTwice }];
  }),
);
