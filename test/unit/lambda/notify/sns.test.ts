import { describe, expect, it } from 'vitest';
import { outcomes, remediationResultSchema } from '../../../../lambda/contract/result.ts';
import { createTopic } from '../../../../lambda/notify/sns.ts';
import { awsError } from '../../../worlds/lambda.ts';
import { announcement, finding, remediation } from '../../../worlds/remediation-sample.ts';

type Sent = Parameters<Parameters<typeof createTopic>[0]['publish']>[0];

const arn = 'arn:aws:sns:eu-west-1:222222222222:security';
const findings = [
  finding({ policyRule: 'admin-ports', severity: 'high' }),
  finding({ policyRule: 'databases', severity: 'critical' }),
  finding({ policyRule: 'admin-ports', severity: null }),
];

/** A topic that accepts what SNS accepts, and otherwise refuses as SNS does. */
function createWorld(topic = arn) {
  const sent: Sent[] = [];
  const world = { sent, refusal: undefined as Error | undefined };
  const publish = async (message: Sent) => {
    if (world.refusal) throw world.refusal;
    const { Subject = '', Message = '', MessageGroupId, MessageDeduplicationId } = message;
    const attributes = Object.entries(message.MessageAttributes ?? {});
    const size = Buffer.byteLength(Message) + Buffer.byteLength(JSON.stringify(attributes));
    const isFifo = message.TopicArn.endsWith('.fifo');
    const order = /^[!-~]{1,128}$/;
    const right =
      /^[!-~][ -~]{0,99}$/.test(Subject) &&
      size <= 256 * 1024 &&
      attributes.length <= 10 &&
      attributes.every(([name, { StringValue }]) => /^[\w.-]{1,256}$/.test(name) && StringValue) &&
      [MessageGroupId, MessageDeduplicationId].every((id) =>
        isFifo ? order.test(id ?? '') : id === undefined,
      );
    if (!right) throw awsError('InvalidParameter');
    sent.push(message);
  };
  return Object.assign(world, { topic: createTopic({ publish }, topic) });
}

describe('a topic', () => {
  it('gets the result, with attributes for filter policies', async () => {
    const { topic, sent } = createWorld();
    const result = remediation({ findings });
    expect(await topic.notify(result)).toEqual({ status: 'sent' });
    const [message] = sent;
    expect(message).toMatchObject({
      TopicArn: arn,
      Subject: 'Portcullis: Ingress closed: sg-0a1b2c3d4e5f60001 in 300000000001 eu-west-1',
      MessageAttributes: {
        detailType: { DataType: 'String', StringValue: 'Portcullis Remediation' },
        outcome: { DataType: 'String', StringValue: 'remediated' },
        account: { DataType: 'String', StringValue: '300000000001' },
        region: { DataType: 'String', StringValue: 'eu-west-1' },
        severity: { DataType: 'String', StringValue: 'critical' },
        policyRule: { DataType: 'String.Array', StringValue: '["admin-ports","databases"]' },
      },
    });
    const { notification: _, ...reported } = result;
    const body = JSON.parse(message?.Message ?? '');
    expect(remediationResultSchema.omit({ notification: true }).strict().parse(body)).toEqual(reported);
    expect(message).not.toHaveProperty('MessageGroupId');
  });

  it.each(outcomes)('receives %s only if people are notified of it', async (outcome) => {
    const { topic, sent } = createWorld();
    const notified = ['remediated', 'escalated', 'notified', 'undecided', 'access-denied', 'failed'];
    const status = notified.includes(outcome) ? 'sent' : 'not-needed';
    expect(await topic.notify(remediation({ outcome }))).toEqual({ status });
    expect(sent).toHaveLength(status === 'sent' ? 1 : 0);
  });

  it('accepts an unreadable event, a hostile name and ten thousand findings', async () => {
    const { topic, sent } = createWorld();
    const many = Array.from({ length: 10_000 }, (_, id) =>
      finding({ policyRule: `rule-${id}`, why: '\u{1f6a8}'.repeat(50) }),
    );
    const results = [
      remediation({ outcome: 'undecided', account: '', region: '', groupId: null }),
      remediation({ account: '\n\u202eпривет\r\n', region: '\u{1f6a8}'.repeat(99), groupId: '' }),
      remediation({ findings: many }),
    ];
    for (const result of results) expect(await topic.notify(result)).toEqual({ status: 'sent' });
    expect(sent[0]?.MessageAttributes).not.toHaveProperty('account');
    expect(JSON.parse(sent[2]?.Message ?? '').omitted).toBeGreaterThan(1_000);
  });

  it('that is FIFO keeps the order of a group, and accepts a replay once', async () => {
    const { topic, sent } = createWorld(`${arn}.fifo`);
    await topic.notify(remediation());
    await topic.notify(remediation());
    await topic.notify(remediation({ outcome: 'failed' }));
    await topic.notify(remediation({ groupId: 'sg-2' }));
    await topic.notify(remediation({ groupId: 'x y'.repeat(100) }));
    await topic.announce(announcement());
    const [one, replay, failed, other, ...rest] = sent;
    expect(rest).toHaveLength(2);
    expect(one?.MessageGroupId).toBe('300000000001/eu-west-1/sg-0a1b2c3d4e5f60001');
    expect(failed?.MessageGroupId).toBe(one?.MessageGroupId);
    expect(replay?.MessageDeduplicationId).toBe(one?.MessageDeduplicationId);
    expect(new Set([one, failed, other].map((each) => each?.MessageDeduplicationId)).size).toBe(3);
    expect(other?.MessageGroupId).not.toBe(one?.MessageGroupId);
  });

  it('gets announcements of exceptions', async () => {
    const { topic, sent } = createWorld();
    expect(await topic.announce(announcement())).toEqual({ status: 'sent' });
    expect(sent[0]).toMatchObject({
      Subject: 'Portcullis: Exception games expires on 2026-03-08',
      MessageAttributes: {
        detailType: { StringValue: 'Portcullis Exception' },
        exception: { StringValue: 'games' },
        state: { StringValue: 'expiring' },
      },
    });
    expect(JSON.parse(sent[0]?.Message ?? '')).toEqual(announcement());
  });

  it.each([
    ['AuthorizationErrorException', 403, /^the topic may not be published to: AuthorizationErrorException/],
    ['AccessDenied', 403, /^the topic may not be published to: AccessDenied/],
    ['NotFoundException', 404, /^NotFoundException: /],
    ['ThrottledException', 429, /^ThrottledException: /],
  ])('that answers %s is a failed notification', async (name, status, error) => {
    const world = createWorld();
    world.refusal = awsError(name, status);
    const reported = [await world.topic.notify(remediation()), await world.topic.announce(announcement())];
    for (const channel of reported)
      expect(channel).toEqual({ status: 'failed', error: expect.stringMatching(error) });
  });

  it('that never answers fails after seven seconds', async () => {
    const topic = createTopic({ publish: () => new Promise(() => {}) }, arn);
    expect(await topic.notify(remediation())).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('7000 ms'),
    });
  });
});
