import { type Location, names, queueArn, roleArn, ruleArn, tableArn } from './names.ts';

const document = (...statements: object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: statements });

const serviceTrust = (service: string, condition?: object): string =>
  document({
    Effect: 'Allow',
    Principal: { Service: service },
    Action: 'sts:AssumeRole',
    ...(condition && { Condition: condition }),
  });

/**
 * Allows PutEvents for every principal of the organization. A list of accounts would exceed the limit of 10,240
 * characters.
 */
export const orgBusPolicy = (bus: string, organizationId: string): string =>
  document({
    Sid: 'AdmitTheOrganization',
    Effect: 'Allow',
    Principal: '*',
    Action: 'events:PutEvents',
    Resource: bus,
    Condition: { StringEquals: { 'aws:PrincipalOrgID': organizationId } },
  });

export const lambdaTrust = (): string => serviceTrust('lambda.amazonaws.com');

/** The organization, and the notification channels that the operator named. */
interface LambdaSettings {
  readonly organizationId: string;
  readonly slackSecretArn?: string | undefined;
  readonly notificationTopicArn?: string | undefined;
}

const onlyIf = (configured: unknown, statement: object): object[] => (configured ? [statement] : []);

/**
 * Every call of the remediation Lambda under its own role. It assumes no role outside the organization: the owner of a
 * prefix list counts as covered when its role can be assumed, and an outsider may create such a role.
 */
export const lambdaPermissions = (hub: Location, bus: string, channels: LambdaSettings): string =>
  document(
    {
      Sid: 'AssumeTheMembersRole',
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Resource: `arn:${hub.partition}:iam::*:role/${names.remediationRole}`,
      Condition: { StringEquals: { 'aws:ResourceOrgID': channels.organizationId } },
    },
    { Sid: 'PublishResults', Effect: 'Allow', Action: 'events:PutEvents', Resource: bus },
    {
      Sid: 'RememberBetweenInvocations',
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      Resource: tableArn(hub, names.table),
    },
    {
      Sid: 'WriteItsLog',
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: `arn:${hub.partition}:logs:${hub.region}:${hub.accountId}:log-group:${names.logGroup}:*`,
    },
    {
      Sid: 'KeepWhatFailed',
      Effect: 'Allow',
      Action: 'sqs:SendMessage',
      Resource: queueArn(hub, names.deadLetterQueue),
    },
    {
      Sid: 'TakeCanaries',
      Effect: 'Allow',
      Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      Resource: queueArn(hub, names.canaryQueue),
    },
    ...onlyIf(channels.slackSecretArn, {
      Sid: 'ReadTheSlackWebhook',
      Effect: 'Allow',
      Action: 'secretsmanager:GetSecretValue',
      Resource: channels.slackSecretArn,
    }),
    ...onlyIf(channels.notificationTopicArn, {
      Sid: 'TellTheTopic',
      Effect: 'Allow',
      Action: 'sns:Publish',
      Resource: channels.notificationTopicArn,
    }),
  );

/**
 * Only the hub's Lambda role may assume a member's remediation role, and only inside the organization. The principal is
 * the account, because IAM stores a named role by its unique id: a re-created role would lose access to every member
 * account.
 */
export const remediationTrust = (hub: Location, organizationId: string): string =>
  document({
    Effect: 'Allow',
    Principal: { AWS: `arn:${hub.partition}:iam::${hub.accountId}:root` },
    Action: 'sts:AssumeRole',
    Condition: {
      StringEquals: { 'aws:PrincipalOrgID': organizationId },
      ArnEquals: { 'aws:PrincipalArn': roleArn(hub, names.lambdaRole) },
    },
  });

/** What the operator enabled beyond reading and revoking. */
interface Extras {
  readonly narrowing: boolean;
  readonly securityHub: boolean;
}

/**
 * Every call of the Lambda in a member account. Reading cannot be limited to a resource (EC2 describes need `*`, and
 * prefix lists may belong to another account); the rest is limited to the account's own resources.
 */
export const remediationPermissions = (
  { partition, accountId }: Pick<Location, 'partition' | 'accountId'>,
  { narrowing, securityHub }: Extras,
): string =>
  document(
    {
      Sid: 'ReadGroups',
      Effect: 'Allow',
      Action: [
        'ec2:DescribeSecurityGroups',
        'ec2:DescribeSecurityGroupRules',
        'ec2:DescribeManagedPrefixLists',
        'ec2:GetManagedPrefixListEntries',
        'ec2:GetManagedPrefixListAssociations',
        'ec2:DescribeIpamPrefixListResolverTargets',
      ],
      Resource: '*',
    },
    {
      Sid: 'RevokeIngress',
      Effect: 'Allow',
      Action: 'ec2:RevokeSecurityGroupIngress',
      Resource: [
        `arn:${partition}:ec2:*:${accountId}:security-group/*`,
        `arn:${partition}:ec2:*:${accountId}:security-group-rule/*`,
      ],
    },
    ...onlyIf(narrowing, {
      Sid: 'LetListedRangesInInstead',
      Effect: 'Allow',
      Action: 'ec2:AuthorizeSecurityGroupIngress',
      Resource: `arn:${partition}:ec2:*:${accountId}:security-group/*`,
    }),
    ...onlyIf(securityHub, {
      Sid: 'ImportFindings',
      Effect: 'Allow',
      Action: 'securityhub:BatchImportFindings',
      Resource: `arn:${partition}:securityhub:*:${accountId}:product/${accountId}/default`,
    }),
  );

export const forwarderTrust = (accountId: string): string =>
  serviceTrust('events.amazonaws.com', { StringEquals: { 'aws:SourceAccount': accountId } });

export const forwarderPermissions = (bus: string): string =>
  document({ Sid: 'ForwardToTheHub', Effect: 'Allow', Action: 'events:PutEvents', Resource: bus });

/** Allows EventBridge to send to a queue for the named rules only. */
export const queuePolicy = (at: Location, queue: string, rules: { rule: string; bus?: string }[]): string =>
  document({
    Sid: 'FromOurRules',
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: queueArn(at, queue),
    Condition: { ArnEquals: { 'aws:SourceArn': rules.map(({ rule, bus }) => ruleArn(at, rule, bus)) } },
  });

/**
 * Allows CloudTrail to write an account's log files for one trail, and denies every access without TLS. With the bucket
 * owner enforced, CloudTrail still sends the ACL that the condition names. Source: "Amazon S3 bucket policy for
 * CloudTrail", CloudTrail user guide.
 */
export const trailBucketPolicy = (at: Location, bucket: string, trail: string): string => {
  const arn = `arn:${at.partition}:s3:::${bucket}`;
  const cloudTrail = { Principal: { Service: 'cloudtrail.amazonaws.com' } };
  return document(
    {
      Sid: 'CloudTrailLooks',
      Effect: 'Allow',
      ...cloudTrail,
      Action: 's3:GetBucketAcl',
      Resource: arn,
      Condition: { StringEquals: { 'aws:SourceArn': trail } },
    },
    {
      Sid: 'CloudTrailWrites',
      Effect: 'Allow',
      ...cloudTrail,
      Action: 's3:PutObject',
      Resource: `${arn}/AWSLogs/${at.accountId}/*`,
      Condition: {
        StringEquals: { 'aws:SourceArn': trail, 's3:x-amz-acl': 'bucket-owner-full-control' },
      },
    },
    {
      Sid: 'NobodyWithoutTls',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: [arn, `${arn}/*`],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
  );
};
