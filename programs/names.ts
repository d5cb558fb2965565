import { partitionNamed } from '../lambda/policy/partitions.ts';

/**
 * The names of everything that Portcullis declares. They are fixed, so that a policy can name a role or rule before it
 * exists, and an interrupted creation is found and not repeated.
 */
export const names = {
  bus: 'portcullis',
  table: 'portcullis',
  remediationFunction: 'portcullis-remediation',
  remediationRole: 'portcullis-remediation',
  lambdaRole: 'portcullis-lambda',
  forwarderRole: 'portcullis-forwarder',
  ingressRule: 'portcullis-ingress',
  forwardRule: 'portcullis-forward',
  lifecycleRule: 'portcullis-lifecycle',
  resultsRule: 'portcullis-results',
  scheduleRule: 'portcullis-schedule',
  canaryRule: 'portcullis-canary',
  lifecycleQueue: 'portcullis-lifecycle',
  resultsQueue: 'portcullis-results',
  canaryQueue: 'portcullis-canary',
  deadLetterQueue: 'portcullis-dead-letter',
  forwardDeadLetterQueue: 'portcullis-forward-dead-letter',
  deadLetterAlarm: 'portcullis-dead-letter',
  errorsAlarm: 'portcullis-errors',
  throttlesAlarm: 'portcullis-throttles',
  eventAgeAlarm: 'portcullis-event-age',
  trail: 'portcullis',
  logGroup: '/aws/lambda/portcullis-remediation',
} as const;

/** An account in a partition and Region: what an ARN needs in addition to the resource. */
export interface Location {
  readonly partition: string;
  readonly accountId: string;
  readonly region: string;
}

export const roleArn = (at: Pick<Location, 'partition' | 'accountId'>, role: string): string =>
  `arn:${at.partition}:iam::${at.accountId}:role/${role}`;

/** The tag of the org bus with the id of its control plane. */
export const installationTag = 'portcullis:installation';

export const busArn = (at: Location, bus: string): string =>
  `arn:${at.partition}:events:${at.region}:${at.accountId}:event-bus/${bus}`;

/** The ARN of a rule. Rules on the default bus have no bus name in it. */
export const ruleArn = (at: Location, rule: string, bus?: string): string =>
  `arn:${at.partition}:events:${at.region}:${at.accountId}:rule/${bus ? `${bus}/` : ''}${rule}`;

export const tableArn = (at: Location, table: string): string =>
  `arn:${at.partition}:dynamodb:${at.region}:${at.accountId}:table/${table}`;

export const queueArn = (at: Location, queue: string): string =>
  `arn:${at.partition}:sqs:${at.region}:${at.accountId}:${queue}`;

export const trailArn = (at: Location, trail: string): string =>
  `arn:${at.partition}:cloudtrail:${at.region}:${at.accountId}:trail/${trail}`;

/** A bucket name is unique in a partition, so it contains the account id. */
export const trailBucket = (accountId: string): string => `portcullis-trail-${accountId}`;

/** @throws for a partition that Portcullis does not run in. */
export const queueUrl = (at: Location, queue: string): string => {
  const suffix = partitionNamed(at.partition)?.dnsSuffix;
  if (!suffix) throw new Error(`the domain of AWS services in partition ${at.partition} is not known`);
  return `https://sqs.${at.region}.${suffix}/${at.accountId}/${queue}`;
};

/** Whether a trail is the one that Portcullis creates with `PORTCULLIS_TRAILS=create`. */
export const isOwnTrail = (arn: string, accountId: string): boolean =>
  arn.split(':')[4] === accountId && arn.endsWith(`:trail/${names.trail}`);
