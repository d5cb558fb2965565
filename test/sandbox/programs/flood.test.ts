import { CreateSecurityGroupCommand, CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import {
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canarySource } from '../../../lambda/contract/canary.ts';
import { names } from '../../../programs/names.ts';
import { openToTheWorld } from '../../../sandbox/demo/security-group.ts';
import { type DeploymentWorld, deploymentWorld, hub } from '../../worlds/deployment.ts';
import { operate } from '../../worlds/engine.ts';
import { until } from '../../worlds/until.ts';

const noisy = '300000000001';
const other = '300000000002';
let world: DeploymentWorld;
beforeAll(async () => {
  world = await deploymentWorld();
  for (const stack of world.of(noisy, other)) await operate(world.engine, 'up', stack, { known: false });
});
afterAll(() => world?.stop());

/** How many canaries wait in the queue or are with the function. */
async function canariesWaiting(): Promise<number> {
  const sqs = new SQSClient({ ...world.sandbox.root(hub.accountId), useQueueUrlAsEndpoint: false });
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: `${world.sandbox.endpoint}/${hub.accountId}/${names.canaryQueue}`,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  sqs.destroy();
  const { ApproximateNumberOfMessages: visible, ApproximateNumberOfMessagesNotVisible: taken } = Attributes;
  return Number(visible) + Number(taken);
}

/** Sends canaries that the ledger does not know on the member's own default event bus, as anyone there can. */
async function forgeCanaries(count: number): Promise<void> {
  const events = new EventBridgeClient(world.sandbox.root(noisy, hub.region));
  const forged = (index: number) => ({
    Source: canarySource,
    DetailType: 'AWS API Call via CloudTrail',
    Detail: JSON.stringify({
      ...{ eventSource: 'ec2.amazonaws.com', eventName: 'AuthorizeSecurityGroupIngress' },
      canary: `forged-${index}`,
    }),
  });
  for (let sent = 0; sent < count; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => forged(sent + index));
    await events.send(new PutEventsCommand({ Entries }));
  }
  events.destroy();
}

async function opensAndCloses(port: number): Promise<void> {
  const group = await openToTheWorld(world.sandbox, { accountId: other, region: hub.region, port });
  await until(async () => !(await group.ruleIds()).includes(group.ruleId));
}

/** Whether the function takes canaries from the queue. */
async function takeCanaries(Enabled: boolean): Promise<void> {
  const lambda = new LambdaClient(world.sandbox.root(hub.accountId, hub.region));
  const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand({}));
  for (const { UUID } of EventSourceMappings)
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
  expect(EventSourceMappings).toHaveLength(1);
  lambda.destroy();
}

test('forged canaries of one member wait apart from events about groups, until the function takes them', async () => {
  await takeCanaries(false);
  await forgeCanaries(500);
  await until(async () => (await canariesWaiting()) === 500);
  await opensAndCloses(22);
  expect(await canariesWaiting()).toBe(500);
  await takeCanaries(true);
  await until(async () => (await canariesWaiting()) === 0);
  const lost = world.sandbox.deliveries().filter(({ outcome }) => outcome !== 'delivered');
  expect(lost).toEqual([]);
});

test('hundreds of events about groups of one member hold up no closing in another', async () => {
  const ec2 = new EC2Client(world.sandbox.root(noisy, hub.region));
  const made = { GroupName: 'noise', Description: 'test' };
  const { GroupId = '' } = await ec2.send(new CreateSecurityGroupCommand(made));
  let closed = false;
  let sent = 0;
  const noise = async (name: string) => {
    for (; !closed; sent += 1) {
      const Tags = [{ Key: name, Value: String(sent) }];
      await ec2.send(new CreateTagsCommand({ Resources: [GroupId], Tags }));
    }
  };
  const flood = Promise.all(['one', 'two', 'three'].map(noise));
  await until(() => sent > 300);
  await opensAndCloses(3389).finally(() => {
    closed = true;
  });
  await flood;
  ec2.destroy();
});
