import { Account } from '@aws-sdk/client-account';
import { EC2 } from '@aws-sdk/client-ec2';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { Lambda } from '@aws-sdk/client-lambda';
import { Organizations } from '@aws-sdk/client-organizations';
import { SQS } from '@aws-sdk/client-sqs';
import { STS } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FaultKind, FaultPlan } from '../../../../sandbox/gateway/faults.ts';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';

let sandbox: Sandbox;
let credentials: { accessKeyId: string; secretAccessKey: string; sessionToken: string };

async function session() {
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = sandbox.environment;
  const sts = new STS({
    endpoint: sandbox.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
  });
  const [{ id = '' } = {}] = sandbox.organization.members;
  const RoleArn = `arn:aws:iam::${id}:role/OrganizationAccountAccessRole`;
  const given = await sts.assumeRole({ RoleArn, RoleSessionName: 'test' });
  return {
    accessKeyId: given.Credentials?.AccessKeyId ?? '',
    secretAccessKey: given.Credentials?.SecretAccessKey ?? '',
    sessionToken: given.Credentials?.SessionToken ?? '',
  };
}

beforeAll(async () => {
  sandbox = await startSandbox();
  credentials = await session();
});
afterAll(() => sandbox?.stop());
afterEach(() => sandbox.faults.set(undefined));

const every = (kind: FaultKind, more: Partial<FaultPlan> = {}) =>
  sandbox.faults.set({ seed: 1, rates: { [kind]: 1 }, ...more });

const client = (maxAttempts: number) => ({
  endpoint: sandbox.endpoint,
  region: 'us-east-1',
  credentials,
  maxAttempts,
});

/** A call with so many attempts, and the service's names for throttling and for an expired session. */
const services: [string, (maxAttempts: number) => Promise<unknown>, string, string][] = [
  ['EC2', (n) => new EC2(client(n)).describeRegions({}), 'RequestLimitExceeded', 'RequestExpired'],
  ['STS', (n) => new STS(client(n)).getCallerIdentity({}), 'Throttling', 'ExpiredToken'],
  ['IAM', (n) => new IAM(client(n)).listRoles({}), 'Throttling', 'ExpiredToken'],
  [
    'Organizations',
    (n) => new Organizations(client(n)).listRoots({}),
    'TooManyRequestsException',
    'ExpiredTokenException',
  ],
  [
    'Account Management',
    (n) => new Account(client(n)).listRegions({}),
    'TooManyRequestsException',
    'ExpiredTokenException',
  ],
  [
    'EventBridge',
    (n) => new EventBridge(client(n)).listRules({}),
    'ThrottlingException',
    'ExpiredTokenException',
  ],
  ['SQS', (n) => new SQS(client(n)).listQueues({}), 'RequestThrottled', 'ExpiredTokenException'],
  [
    'Lambda',
    (n) => new Lambda(client(n)).listFunctions({}),
    'TooManyRequestsException',
    'ExpiredTokenException',
  ],
];

describe.each(services)('%s', (_service, call, throttle, expired) => {
  test('throttles with its own error, which the SDK retries', async () => {
    every('throttle');
    const before = sandbox.faults.counts().struck.throttle;
    await expect(call(2)).rejects.toMatchObject({ name: throttle, $metadata: { attempts: 2 } });
    expect(sandbox.faults.counts().struck.throttle - before).toBe(2);
  });

  test('refuses an expired session with its own error', async () => {
    every('expired');
    await expect(call(1)).rejects.toMatchObject({ name: expired });
  });

  test('answers 5xx, which the SDK retries', async () => {
    every('unavailable');
    await expect(call(2)).rejects.toMatchObject({
      $metadata: { attempts: 2, httpStatusCode: expect.toSatisfy((code: number) => code >= 500) },
    });
  });

  test('resets the connection, which the SDK retries', async () => {
    every('reset');
    await expect(call(2)).rejects.toMatchObject({ code: 'ECONNRESET', $metadata: { attempts: 2 } });
  });
});

describe('faults at the gateway', () => {
  test("the SDK's retries get every call through when a third of all calls fail for a moment", async () => {
    const rates = { throttle: 0.1, unavailable: 0.1, reset: 0.1, slow: 0.03 };
    sandbox.faults.set({ seed: 7, rates, slowMs: [1, 20] });
    const ec2 = new EC2({ ...client(10), retryStrategy: undefined });
    for (let left = 20; left > 0; left -= 1) await ec2.describeRegions({});
    expect(Object.values(sandbox.faults.counts().struck).some((count) => count > 0)).toBe(true);
  });

  test('a lost answer is of a call that was carried out', async () => {
    const ec2 = new EC2(client(2));
    every('lost', { only: [{ operation: 'CreateSecurityGroup' }] });
    await expect(ec2.createSecurityGroup({ GroupName: 'lost', Description: 'lost' })).rejects.toThrow();
    const found = await ec2.describeSecurityGroups({ Filters: [{ Name: 'group-name', Values: ['lost'] }] });
    expect(found.SecurityGroups).toHaveLength(1);
  });

  test('a revoked session stays refused, and another session is accepted', async () => {
    const identity = (given: typeof credentials) =>
      new STS({ ...client(1), credentials: given }).getCallerIdentity({});
    const only = [{ service: 'sts', operation: 'GetCallerIdentity' }];
    sandbox.faults.set({ seed: 5, rates: { revoked: 0.2 }, only });
    let left = 100;
    while (
      left > 0 &&
      (await identity(credentials).then(
        () => true,
        () => false,
      ))
    )
      left -= 1;
    expect(left).toBeGreaterThan(0);
    for (const _ of 'tries') {
      await expect(identity(credentials)).rejects.toMatchObject({ name: 'ExpiredToken' });
    }
    const other = await session();
    sandbox.faults.set(undefined);
    await identity(other);
    await identity(credentials);
  });

  test("silence ends in a reset, and the caller's own timeout can end it before", async () => {
    every('silence', { silenceMs: 200 });
    const begun = performance.now();
    const sts = new STS(client(1));
    await expect(sts.getCallerIdentity({})).rejects.toThrow();
    expect(performance.now() - begun).toBeGreaterThan(190);
    every('silence', { silenceMs: 60_000 });
    const impatient = new STS({
      ...client(1),
      requestHandler: { requestTimeout: 100, throwOnRequestTimeout: true },
    });
    await expect(impatient.getCallerIdentity({})).rejects.toMatchObject({
      name: 'TimeoutError',
    });
  });

  test('calls that no filter names, and calls of root users, get no fault', async () => {
    every('throttle', { only: [{ service: 'iam' }, { caller: 'assumed-role/other' }] });
    await new STS(client(1)).getCallerIdentity({});
    await expect(new IAM(client(1)).listRoles({})).rejects.toThrow('Rate exceeded');
    const root = sandbox.root(sandbox.organization.managementAccountId);
    await new IAM(root).listRoles({});
  });
});
