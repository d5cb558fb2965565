/** `organization`: all calls of all workers share it. `account`: one per member account and Region. */
export type QuotaScope = 'organization' | 'account';

export interface Quota {
  /** The SDK's name of the service: `EC2` of `EC2Client`. */
  readonly service: string;
  /** The first row that matches an operation applies. */
  readonly operations: RegExp | 'every';
  /** The name in docs/quotas.md. */
  readonly named: string;
  readonly scope: QuotaScope;
  /** Whether each operation has a bucket of its own. */
  readonly each: boolean;
  /** Calls per second, and burst size. */
  readonly rate: number;
  readonly burst: number;
  /** The document with the numbers, or `assumed` and why. */
  readonly source: string;
}

const organizations = { service: 'Organizations', scope: 'organization', each: true } as const;
const account = { service: 'Account', scope: 'organization', each: true } as const;
const orgsPage =
  'assumed, from reports of a few calls a second being throttled (awslabs/aws-deployment-framework issues 781, 784, 788)';
const accountPage = '"Quotas for AWS Account Management", Account Management reference guide';
const ec2Page = '"Request throttling for the Amazon EC2 API", EC2 developer guide';

/** Quotas of the control plane's own calls. Source of docs/quotas.md. */
export const quotas: readonly Quota[] = [
  {
    ...organizations,
    operations: /^(DescribeOrganization|ListRoots)$/,
    named: 'DescribeOrganization, ListRoots',
    rate: 2,
    burst: 4,
    source: orgsPage,
  },
  {
    ...organizations,
    operations: /^(List|Describe)/,
    named: 'other reads',
    rate: 5,
    burst: 10,
    source: orgsPage,
  },
  {
    ...organizations,
    operations: 'every',
    named: 'writes',
    each: false,
    rate: 1,
    burst: 1,
    source: orgsPage,
  },
  {
    ...account,
    operations: /^(ListRegions|GetRegionOptStatus)$/,
    named: 'ListRegions, GetRegionOptStatus',
    rate: 5,
    burst: 5,
    source: accountPage,
  },
  {
    ...account,
    operations: 'every',
    named: 'the others',
    rate: 1,
    burst: 1,
    source: accountPage,
  },
  {
    service: 'STS',
    operations: 'every',
    named: 'every operation',
    scope: 'organization',
    each: false,
    rate: 300,
    burst: 300,
    source:
      'half of the 600 a second by account and Region that users report (awslabs/mountpoint-s3 issue 1358); the other half is for the Pulumi provider and everybody else in the account',
  },
  {
    service: 'EC2',
    operations: /^(Describe|Get|List)/,
    named: 'reads',
    scope: 'account',
    each: true,
    rate: 20,
    burst: 100,
    source: ec2Page,
  },
  {
    service: 'EC2',
    operations: 'every',
    named: 'writes',
    scope: 'account',
    each: true,
    rate: 5,
    burst: 50,
    source: `assumed: ${ec2Page} gives numbers by operation, and the copy at hand ends before its table`,
  },
  {
    service: 'CloudTrail',
    operations: /^(Get|Describe|List)/,
    named: 'reads',
    scope: 'account',
    each: false,
    rate: 10,
    burst: 10,
    source: '"Quotas in AWS CloudTrail", CloudTrail user guide: 10 TPS for Get, describe and list APIs',
  },
  {
    service: 'CloudTrail',
    operations: /^LookupEvents$/,
    named: 'LookupEvents',
    scope: 'account',
    each: true,
    rate: 2,
    burst: 2,
    source: '"LookupEvents", CloudTrail API reference: two a second by account and Region',
  },
  {
    service: 'CloudTrail',
    operations: 'every',
    named: 'the others',
    scope: 'account',
    each: false,
    rate: 1,
    burst: 1,
    source: '"Quotas in AWS CloudTrail", CloudTrail user guide: 1 TPS for all other APIs',
  },
  {
    service: 'EventBridge',
    operations: /^PutEvents$/,
    named: 'PutEvents',
    scope: 'account',
    each: true,
    rate: 400,
    burst: 400,
    source:
      'assumed: below what "Amazon EventBridge quotas" (user guide) gives by Region, from 10,000 a second in us-east-1 down to hundreds',
  },
  {
    service: 'SQS',
    operations: 'every',
    named: 'every operation',
    scope: 'account',
    each: true,
    rate: 1_000,
    burst: 1_000,
    source:
      'assumed: "Amazon SQS quotas" knows no such limit for standard queues; the bucket is there for throttling answers',
  },
];

export const anyOther: Omit<Quota, 'service' | 'operations'> = {
  named: 'every operation of any other service',
  scope: 'account',
  each: true,
  rate: 10,
  burst: 20,
  source: 'assumed',
};

export function quotaOf(service: string, operation: string): Omit<Quota, 'service' | 'operations'> {
  const found = quotas.find(
    (quota) =>
      quota.service === service && (quota.operations === 'every' || quota.operations.test(operation)),
  );
  return found ?? anyOther;
}
