import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTransient, isUnready } from '../../../../controlplane/aws/errors.ts';
import { keyWorker, type ReconcileKey, requeueDelay } from '../../../../controlplane/queue/key-worker.ts';
import type { Lease, Leases } from '../../../../controlplane/queue/leases.ts';
import { backoffMs, jittered } from '../../../../controlplane/queue/result.ts';
import { decide } from '../../../../controlplane/reconcile/decide.ts';
import type { StackRecord } from '../../../../controlplane/store/stacks.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { memoryQueue } from '../../../worlds/memory-queue.ts';
import { until } from '../../../worlds/until.ts';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('how long a key is left alone', () => {
  test('grows with its failures from 5 s to 10 min, give or take, and never beyond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5_000 }), chance, (failures, drawn) => {
        const ms = backoffMs(failures, () => drawn);
        const whole = Math.min(600_000, 5_000 * 2 ** (failures - 1));
        expect(ms).toBeGreaterThanOrEqual(whole / 2 - 1);
        expect(ms).toBeLessThanOrEqual(whole);
      }),
    );
  });

  test('without failures it is that of the first', () => {
    expect(backoffMs(0, () => 0)).toBe(2_500);
    expect(backoffMs(Number.NaN, () => 0)).not.toBeLessThan(0);
  });

  test('of keys that failed together differs', () => {
    const waits = new Set(Array.from({ length: 100 }, () => backoffMs(4)));
    expect(waits.size).toBeGreaterThan(90);
  });

  test('between regular looks is the period give or take a tenth', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400_000 }), chance, (period, drawn) => {
        const ms = jittered(period, () => drawn);
        expect(ms).toBeGreaterThanOrEqual(Math.floor(period * 0.9));
        expect(ms).toBeLessThanOrEqual(Math.ceil(period * 1.1));
      }),
    );
  });
});

describe('the next reconcile of a key', () => {
  const reason = 'Waiting' as const;
  test.each([
    ['done and nothing more', { kind: 'ok' }, undefined],
    ['given up until something changes', { kind: 'terminal', reason, message: '' }, undefined],
    [
      'waiting',
      { kind: 'requeueAfter', requeueAfterMs: 1_234, reason, message: '' },
      { key: 'hub', afterMs: 1_234, priority: 100 },
    ],
  ] as const)('%s', (_, verdict, expected) => {
    expect(requeueDelay('hub', verdict, 100)).toEqual(expected);
  });

  test('as it should be, it is that of a resync', () => {
    const look = requeueDelay('hub', { kind: 'ok', requeueAfterMs: 60_000 }, 100);
    expect(look?.priority).toBeUndefined();
    expect(look?.afterMs).toBeGreaterThan(50_000);
  });

  test('failed, it is as urgent as before', () => {
    expect(requeueDelay('hub', { kind: 'error', failures: 1, message: '' }, 100)?.priority).toBe(100);
  });
});

const well = { status: 'True', reason: 'Succeeded', message: '', since: '' } as const;
const record = (change: Partial<StackRecord> = {}) => ({
  conditions: { Ready: well },
  generation: 'a',
  operationStartedAt: null,
  failures: 0,
  failedGeneration: null,
  release: 'r1',
  ...change,
});
const unwell = { conditions: { Ready: { ...well, status: 'False' } } } as const;
const drifted = { conditions: { Ready: well, Drifted: well } };
const never = { conditions: {}, generation: null, release: null };
const five = { ...unwell, failures: 5, failedGeneration: 'b' };

describe('what is done about a stack', () => {
  test.each([
    ['as declared: nothing', record(), 'a', undefined, 'nothing'],
    ['as declared, and a person asks for what changed: nothing', record(), 'a', 'changed', 'nothing'],
    ['as declared, and a person asks for it: made again', record(), 'a', 'repair', 'up'],
    ['drifted: repaired', record(drifted), 'a', undefined, 'up'],
    ['not ready: made', record(unwell), 'a', undefined, 'up'],
    ['never made: made', record(never), 'b', undefined, 'up'],
    ['cut short: made again', record({ operationStartedAt: new Date() }), 'a', undefined, 'up'],
    ['another generation in the same release: made', record({ release: 'r2' }), 'b', undefined, 'up'],
    ['another release and well: held', record(), 'b', undefined, 'hold'],
    ['another release and a roll-out asks: made', record(), 'b', 'changed', 'up'],
    ['another release and drifted: repaired', record(drifted), 'b', undefined, 'up'],
    ['another release and cut short: made', record({ operationStartedAt: new Date() }), 'b', undefined, 'up'],
    ['failed four times: made', record({ ...five, failures: 4 }), 'b', undefined, 'up'],
    ['failed five times: left', record(five), 'b', undefined, 'stalled'],
    ['failed five times, and a person asks: made', record(five), 'b', 'repair', 'up'],
    ['failed five times, and a roll-out asks: made', record(five), 'b', 'changed', 'up'],
    [
      'failed five times at another generation: made',
      record({ ...five, failedGeneration: 'a' }),
      'b',
      undefined,
      'up',
    ],
  ] as const)('%s', (_, known, generation, asked, expected) => {
    expect(decide({ desired: { generation }, record: known, release: 'r2', asked }).do).toBe(expected);
  });

  test('the hub, which is of no release, is never held', () => {
    expect(
      decide({ desired: { generation: 'b' }, record: record(), release: undefined, asked: undefined }).do,
    ).toBe('up');
  });
});

describe('a failure that says nothing of the stack', () => {
  test.each([
    'error: 1 error occurred: operation error EventBridge: PutRule, https response error StatusCode: 503, RequestID: 1, ServiceUnavailable',
    'ThrottlingException: Rate exceeded',
    'api error RequestLimitExceeded: Request limit exceeded.',
    'operation error IAM: CreateRole, exceeded maximum number of attempts, 25, StatusCode: 429, Throttling: Rate exceeded',
    'TooManyRequestsException: Too Many Requests',
    'operation error STS: AssumeRole, ExpiredToken: The security token included in the request is expired',
    'dial tcp 10.0.0.1:443: connect: connection reset by peer',
    'Post "https://events.eu-west-1.amazonaws.com/": EOF',
    'read tcp 10.0.0.1:1->10.0.0.2:443: i/o timeout',
    'dial tcp: lookup sqs.eu-west-1.amazonaws.com on 10.0.0.2:53: no such host',
    'net/http: TLS handshake timeout',
    'context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
  ])('%s', (message) => {
    expect(isTransient(message)).toBe(true);
  });

  test.each([
    'AccessDenied: User: arn:aws:sts::300000000001:assumed-role/Access is not authorized to perform: iam:CreateRole',
    'LimitExceededException: The requested resource exceeds the maximum number allowed',
    'creating EventBridge Rule (portcullis): ValidationException: Event pattern is not valid. Reason: Filter is not an object',
    'EntityAlreadyExists: Role with name portcullis-forward already exists.',
    'MalformedPolicyDocument: Syntax errors in policy.',
    'ResourceNotFoundException: Event bus geoff does not exist.',
    'error: could not load plugin for aws provider: no resource plugin',
    'InvalidParameterValueException: The timeout of the function must be at most 900',
    'secrets (code=InvalidCiphertext): failed to decrypt, whereof 5 of 500 tries',
  ])('and one that does: %s', (message) => {
    expect(isTransient(message)).toBe(false);
  });
});

describe('a failure of an account that takes no calls yet', () => {
  const denied = 'operation error SQS: CreateQueue, StatusCode: 403, api error AccessDenied: Access denied';

  test.each([
    'operation error IAM: CreateRole, api error OptInRequired: You are not subscribed to this service',
    'operation error EventBridge: PutRule, SubscriptionRequiredException: The AWS Access Key Id needs a subscription',
    'operation error SQS: CreateQueue, api error InvalidClientTokenId: The security token is invalid',
    'api error UnrecognizedClientException: The security token included in the request is invalid.',
    'pulumi:providers:aws resource "aws" has a problem: The configured AWS credentials are invalid or have expired. Please see https://www.pulumi.com/registry/packages/aws/installation-configuration/',
  ])('is known by its code, however old the account is: %s', (message) => {
    expect(isUnready(message, false)).toBe(true);
  });

  test('is a refusal while the account is young, and only then', () => {
    expect(isUnready(denied, true)).toBe(true);
    expect(isUnready(denied, false)).toBe(false);
  });

  test('is no other failure, however young the account is', () => {
    expect(isUnready('EntityAlreadyExists: Role with name portcullis-forward already exists.', true)).toBe(
      false,
    );
  });
});

describe('a worker', () => {
  const silent = makeLogger('silent');
  const inMemory = (): Leases => ({
    acquire: async (keys) =>
      keys.map(
        ({ key }): Lease => ({ key, token: '1', signal: new AbortController().signal, taken: 'fresh' }),
      ),
    expects: () => false,
    release: async () => undefined,
    releaseDead: async () => undefined,
    abort: () => undefined,
    stop: async () => undefined,
  });

  test('reports every result, and a throw is tried again', async () => {
    const queue = memoryQueue();
    const reported: string[] = [];
    let thrown = 0;
    const reconcile: ReconcileKey = async (key) => {
      if (key === 'hub' && thrown++ === 0) throw new Error('the store did not answer');
      return { kind: 'ok', requeueAfterMs: 1_000_000 };
    };
    const worker = keyWorker({
      ...{ queue, leases: inMemory(), reconcile, log: silent, concurrent: 4, pollMs: 5 },
      onResult: (key, verdict) => reported.push(`${key} ${verdict}`),
    });
    await worker.start();
    await queue.enqueue(['hub', 'organization']);
    await until(() => reported.length === 1);
    await queue.enqueue(['hub']); // instead of waiting for its backoff
    await until(() => reported.length === 2);
    await worker.stop(1_000);
    expect(reported).toEqual(['organization ok', 'hub ok']);
    expect(queue.waiting().sort()).toEqual(['hub', 'organization']);
  });
});
