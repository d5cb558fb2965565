import { describe, expect, it } from 'vitest';
import type { Session } from '../../../../lambda/aws/cloud.ts';
import type { Environment } from '../../../../lambda/aws/environment.ts';
import type { Notification, RemediationResult } from '../../../../lambda/contract/result.ts';
import { createNotifier } from '../../../../lambda/notify/notifier.ts';
import { afterEvent, awsError, createWorld, fixture, ssh } from '../../../worlds/lambda.ts';
import { memoryLedger } from '../../../worlds/memory-cloud.ts';
import { announcement, finding, remediation } from '../../../worlds/remediation-sample.ts';

const topicArn = 'arn:aws:sns:eu-west-1:222222222222:security';
const everything = { topicArn, securityHub: true };
const sent = { status: 'sent' };
const failed = { status: 'failed', error: expect.any(String) };

describe('a closed group', () => {
  it('is sent on every channel, and the result says so', async () => {
    const world = await afterEvent(ssh, everything);
    expect(world.published).toMatchObject([
      { outcome: 'remediated', notification: { slack: sent, sns: sent, securityHub: sent } },
    ]);
    expect(world.slack.posts).toHaveLength(1);
    expect(world.topic).toMatchObject([{ TopicArn: topicArn }]);
    expect(world.findings).toMatchObject([
      { Id: 'eu-west-1/300000000001/sg-0a1b2c3d4e5f60001/sgr-00000000000000001', RecordState: 'ARCHIVED' },
    ]);
  });

  it.each([
    ['slack', { slack: failed, sns: sent, securityHub: sent }],
    ['sns', { slack: sent, sns: failed, securityHub: sent }],
    ['securityHub', { slack: sent, sns: sent, securityHub: failed }],
  ])('is sent on the others when %s fails', async (channel, notification) => {
    const world = createWorld(everything);
    if (channel === 'slack') world.slack.answers.push(403);
    if (channel === 'sns') world.fail('publish', awsError('AuthorizationErrorException', 403));
    if (channel === 'securityHub') world.fail('importFindings', awsError('InvalidAccessException', 401));
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([{ outcome: 'remediated', notification }]);
  });

  it('is closed, and its result published, where every channel fails', async () => {
    const world = createWorld(everything);
    for (const call of ['readSecret', 'publish', 'importFindings'] as const)
      world.fail(call, awsError('InternalException', 500));
    await world.handler(ssh);
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      { outcome: 'remediated', notification: { slack: failed, sns: failed, securityHub: failed } },
    ]);
  });

  it('is sent nowhere when nothing is configured', async () => {
    const world = await afterEvent(ssh, { slack: null });
    await world.handler(fixture('authorize-dry-run'));
    const no = { status: 'not-configured' };
    const notification = { slack: no, sns: no, securityHub: no };
    expect(world.published).toMatchObject([{ notification }, { outcome: 'ignored', notification }]);
  });
});

describe('a result without a notification', () => {
  it('is sent on no channel', async () => {
    const world = await afterEvent(fixture('authorize-dry-run'), everything);
    const no = { status: 'not-needed' };
    expect(world.published).toMatchObject([
      { outcome: 'ignored', notification: { slack: no, sns: no, securityHub: no } },
    ]);
    expect([world.slack.posts, world.topic, world.findings]).toEqual([[], [], []]);
  });
});

describe('the notifier', () => {
  const never = () => new Promise<never>(() => {});

  /** A notifier whose calls to AWS are never answered, except for the secret and `publish` where given. */
  function hanging(publish: () => Promise<void> = never, change: Partial<Environment> = {}) {
    const time = new Date('2026-03-02T09:15:10Z');
    const log: string[] = [];
    const posts: string[] = [];
    const notifier = createNotifier(
      {
        cloud: {
          readSecret: async () => 'https://hooks.example.com/SECRET',
          publish,
          member: () => ({ importFindings: never }) as never,
        },
        environment: { partition: 'aws', slackSecretArn: 'arn', topicArn, securityHub: true, ...change },
        ledger: memoryLedger(() => time),
        fetch: async (_, { body }) => {
          posts.push(String(body));
          return new Response('ok');
        },
        clock: { now: () => time, sleep: async () => {} },
        log: (step, facts) => log.push(JSON.stringify({ step, ...facts })),
      },
      { of: async () => ({}) as Session },
    );
    return { notifier, log, posts };
  }

  it('waits for no channel longer than eight seconds, and for all at once', async () => {
    const { notifier, posts } = hanging();
    const began = performance.now();
    const reported = await notifier.notify(remediation({ findings: [finding()] }));
    expect(performance.now() - began).toBeLessThan(12_000);
    const late = { status: 'failed', error: expect.stringContaining('no answer within 7000 ms') };
    expect(reported).toEqual({ slack: sent, sns: late, securityHub: late });
    expect(posts).toHaveLength(1);
  });

  it('reports an internal error as a failed channel and a line in the log', async () => {
    const { notifier, log } = hanging();
    const broken = { ...remediation(), findings: undefined } as unknown as RemediationResult;
    const error = 'an error within Portcullis; its log says which';
    const wrong: Notification['slack'] = { status: 'failed', error };
    expect(await notifier.notify(broken)).toEqual({ slack: wrong, sns: wrong, securityHub: wrong });
    expect(log).toHaveLength(3);
    expect(log.join()).toContain('TypeError');
  });

  it('sends an announcement nowhere when nothing is configured', async () => {
    const { notifier } = hanging(never, { slackSecretArn: null, topicArn: null, securityHub: false });
    const no = { status: 'not-configured' };
    expect(await notifier.announce(announcement())).toEqual({ slack: no, sns: no, securityHub: no });
  });

  it('imports no announcement into Security Hub', async () => {
    const { notifier } = hanging(async () => {});
    const reported = await notifier.announce(announcement());
    expect(reported).toEqual({ slack: sent, sns: sent, securityHub: { status: 'not-needed' } });
  });
});
