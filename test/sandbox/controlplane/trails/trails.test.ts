import { CloudTrail } from '@aws-sdk/client-cloudtrail';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { S3 } from '@aws-sdk/client-s3';
import { SNS } from '@aws-sdk/client-sns';
import { SQS } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CoverageEvent, coverageSchema } from '../../../../controlplane/stacks/coverage-event.ts';
import { trailBucket } from '../../../../programs/names.ts';
import { type Account, startControlPlane } from '../../../../sandbox/demo/control-plane.ts';
import { openToTheWorld, until } from '../../../../sandbox/demo/security-group.ts';
import type { World } from '../../../../sandbox/demo/world.ts';
import { allBut, startTestWorld } from '../../../worlds/control-plane.ts';

const hub = { accountId: '222222222222', region: 'eu-west-1' };
const untrailed = { accountId: '300000000006', region: 'eu-west-1' };
const member = '300000000002';
const topicArn = `arn:aws:sns:${hub.region}:${hub.accountId}:people`;
const ownArn = (accountId: string) => `arn:aws:cloudtrail:us-east-1:${accountId}:trail/portcullis`;
const everything = { timeout: 300_000 };

let world: World;
let queues: { bus: string; topic: string };

beforeAll(async () => {
  world = await startTestWorld({
    PORTCULLIS_TRAILS: 'create',
    // One stack an account: fewer operations, and the layout's own proof.
    PORTCULLIS_LAYOUT: 'account',
    PORTCULLIS_ALARM_TOPIC_ARN: topicArn,
    PORTCULLIS_EXCLUDE: allBut(untrailed.accountId, member),
  });
  await new SNS(world.sandbox.root(hub.accountId, hub.region)).createTopic({ Name: 'people' });
}, 300_000);
afterAll(() => world?.stop());

async function reconcile(...accounts: string[]): Promise<void> {
  const { exit, output } = await world.controlPlane.cli([
    'reconcile',
    ...accounts.flatMap((id) => ['--account', id]),
  ]);
  if (exit !== 0) throw new Error(`reconcile ended with exit code ${exit}:\n${output}`);
}

async function coverage(id: string) {
  const { accounts } = await world.controlPlane.get<{ accounts: Account[] }>('/v1/accounts');
  return accounts.find((account) => account.id === id)?.conditions.TrailsCovered;
}

async function trailsOf(accountId: string) {
  const cloudTrail = new CloudTrail(world.sandbox.root(accountId, 'us-east-1'));
  const { trailList = [] } = await cloudTrail.describeTrails({});
  return trailList.map(({ TrailARN }) => TrailARN);
}

/** Queues that receive the coverage messages of the org bus and the topic. */
async function listenInTheHub(): Promise<typeof queues> {
  const settings = world.sandbox.root(hub.accountId, hub.region);
  const sqs = new SQS({ ...settings, useQueueUrlAsEndpoint: false });
  const make = async (QueueName: string) => {
    const { QueueUrl = '' } = await sqs.createQueue({ QueueName });
    const arn = `arn:aws:sqs:${hub.region}:${hub.accountId}:${QueueName}`;
    const Statement = ['events', 'sns'].map((service) => ({
      Effect: 'Allow',
      Principal: { Service: `${service}.amazonaws.com` },
      Action: 'sqs:SendMessage',
      Resource: arn,
    }));
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
    return { QueueUrl, arn };
  };
  const [bus, topic] = [await make('received-bus'), await make('received-topic')];
  const events = new EventBridge(settings);
  const rule = { EventBusName: 'portcullis', Name: 'received' };
  await events.putRule({ ...rule, EventPattern: '{"detail-type":["Portcullis Coverage"]}' });
  await events.putTargets({
    EventBusName: 'portcullis',
    Rule: 'received',
    Targets: [{ Id: 'received', Arn: bus.arn }],
  });
  await new SNS(settings).subscribe({
    TopicArn: topicArn,
    Protocol: 'sqs',
    Endpoint: topic.arn,
    Attributes: { RawMessageDelivery: 'true' },
  });
  return { bus: bus.QueueUrl, topic: topic.QueueUrl };
}

/** Waits for a queue's messages, deletes and returns them. */
async function heard(where: 'bus' | 'topic', change: CoverageEvent['change']): Promise<CoverageEvent> {
  const sqs = new SQS({ ...world.sandbox.root(hub.accountId, hub.region), useQueueUrlAsEndpoint: false });
  return until(`something received by the ${where}`, 30, async () => {
    const QueueUrl = queues[where];
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 1 });
    const [message] = Messages;
    if (!message) return undefined;
    await sqs.deleteMessage({ QueueUrl, ReceiptHandle: message.ReceiptHandle });
    const body = JSON.parse(message.Body ?? '');
    const event = coverageSchema.parse(where === 'bus' ? body.detail : body);
    return event.change === change && event.account === untrailed.accountId ? event : undefined;
  });
}

test(
  'an account without coverage gets a trail of its own; one that is covered does not',
  everything,
  async () => {
    await reconcile(hub.accountId, untrailed.accountId, member);
    queues = await listenInTheHub();
    expect(await trailsOf(untrailed.accountId)).toEqual([ownArn(untrailed.accountId)]);
    expect(await trailsOf(member)).not.toContain(ownArn(member));
  },
);

test('and from then on what is opened there is closed', everything, async () => {
  const group = await openToTheWorld(world.sandbox, { ...untrailed, port: 22 });
  await until('the rule is revoked', 60, async () =>
    (await group.ruleIds()).includes(group.ruleId) ? undefined : true,
  );
});

test('the next look finds it covered, tells so, and leaves the trail where it is', everything, async () => {
  await reconcile(untrailed.accountId);
  expect(await coverage(untrailed.accountId)).toMatchObject({ status: 'True', message: '3 Regions' });
  // the look that found it may have been before anybody listened: the audit log has it either way
  const lines = `/v1/audit?limit=200&account=${untrailed.accountId}`;
  const { audit } = await world.controlPlane.get<{ audit: { what: string }[] }>(lines);
  expect(audit.map(({ what }) => what)).toContain('coverage regained');
  await reconcile(untrailed.accountId);
  expect(await trailsOf(untrailed.accountId)).toEqual([ownArn(untrailed.accountId)]);
});

test(
  'stopped by hand, the loss is reported with cause and fix, and the same check starts it again',
  everything,
  async () => {
    const cloudTrail = new CloudTrail(world.sandbox.root(untrailed.accountId, 'us-east-1'));
    await cloudTrail.stopLogging({ Name: 'portcullis' });
    await reconcile(untrailed.accountId);
    const event = await heard('bus', 'lost');
    expect(event).toMatchObject({ change: 'lost', account: untrailed.accountId });
    expect(event.regions).toHaveLength(3);
    expect(event.regions[0]?.problems).toMatchObject([
      { cause: 'stopped', mend: `portcullis reconcile --account ${untrailed.accountId}` },
    ]);
    expect(await heard('topic', 'lost')).toEqual(event);
    expect((await cloudTrail.getTrailStatus({ Name: 'portcullis' })).IsLogging).toBe(true);
    const lines = `/v1/audit?limit=200&account=${untrailed.accountId}`;
    const { audit } = await world.controlPlane.get<{ audit: { what: string }[] }>(lines);
    const reported = audit.map(({ what }) => what);
    expect(reported).toEqual(expect.arrayContaining(['coverage regained', 'coverage lost']));
  },
);

test('with report again the trail is retired, and its bucket stays', everything, async () => {
  await world.controlPlane.stop();
  const environment = { ...world.environment, PORTCULLIS_TRAILS: 'report' };
  const controlPlane = await startControlPlane(environment);
  try {
    const { exit, output } = await controlPlane.cli(['reconcile', '--account', untrailed.accountId]);
    expect(exit, output).toBe(0);
    expect(await trailsOf(untrailed.accountId)).toEqual([]);
    const s3 = new S3(world.sandbox.root(untrailed.accountId, 'us-east-1'));
    expect((await s3.getBucketPolicy({ Bucket: trailBucket(untrailed.accountId) })).Policy).toContain(
      ownArn(untrailed.accountId),
    );
  } finally {
    await controlPlane.stop();
  }
});
