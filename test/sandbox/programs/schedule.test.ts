import {
  DisableRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { queueArn, ruleArn } from '../../../programs/names.ts';
import { queuePolicy } from '../../../programs/policies.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';

const hub = { partition: 'aws', accountId: '222222222222', region: 'eu-west-1' };
const here = [hub.accountId, hub.region] as const;
let sandbox: Sandbox;
let events: EventBridgeClient;
let sqs: SQSClient;

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  events = new EventBridgeClient(sandbox.root(...here));
  sqs = new SQSClient({ ...sandbox.root(...here), useQueueUrlAsEndpoint: false });
  await queue('admitted', 'hourly');
  await queue('closed', 'another-rule');
  await queue('dead', 'hourly');
  await events.send(new PutRuleCommand({ Name: 'hourly', ScheduleExpression: 'rate(1 hour)' }));
  await events.send(new PutRuleCommand({ Name: 'minutely', ScheduleExpression: 'rate(1 minute)' }));
  await events.send(new PutRuleCommand({ Name: 'by-pattern', EventPattern: '{"source":["aws.events"]}' }));
  for (const Rule of ['hourly', 'minutely', 'by-pattern']) await target(Rule, 'admitted');
});
afterAll(() => sandbox?.stop());
beforeEach(async () => {
  await read('admitted');
  await read('dead');
});

async function queue(QueueName: string, rule: string): Promise<void> {
  const Attributes = { Policy: queuePolicy(hub, QueueName, [{ rule }]) };
  await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
}

async function target(Rule: string, name: string): Promise<void> {
  const DeadLetterConfig = { Arn: queueArn(hub, 'dead') };
  const Targets = [{ Id: name, Arn: queueArn(hub, name), DeadLetterConfig }];
  await events.send(new PutTargetsCommand({ Rule, Targets }));
}

/** Takes every message off a queue. */
async function read(name: string) {
  await sandbox.idle();
  const QueueUrl = `${sandbox.endpoint}/${hub.accountId}/${name}`;
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
  );
  for (const { ReceiptHandle } of Messages)
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  return Messages;
}

test('a rule that is fired sends its targets the scheduled event, and no other rule takes that', async () => {
  await sandbox.fire('hourly', ...here);
  const [message, ...more] = await read('admitted');
  expect(more).toEqual([]);
  expect(JSON.parse(message?.Body ?? '')).toEqual({
    version: '0',
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: hub.accountId,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    region: hub.region,
    resources: [ruleArn(hub, 'hourly')],
    detail: {},
  });
});

test('each firing is an event of its own', async () => {
  for (let left = 3; left > 0; left -= 1) await sandbox.fire('hourly', ...here);
  const ids = (await read('admitted')).map(({ Body }) => JSON.parse(Body ?? '').id);
  expect(new Set(ids).size).toBe(3);
});

test('a target that does not admit the rule gets nothing, and the event is a dead letter', async () => {
  await target('hourly', 'closed');
  await sandbox.fire('hourly', ...here);
  expect(await read('closed')).toEqual([]);
  const [letter] = await read('dead');
  expect(letter?.MessageAttributes).toMatchObject({
    RULE_ARN: { StringValue: ruleArn(hub, 'hourly') },
    ERROR_CODE: { StringValue: 'NO_PERMISSIONS' },
  });
});

test('the queue\u2019s policy names the rule: another schedule is refused', async () => {
  await sandbox.fire('minutely', ...here);
  expect(await read('admitted')).toEqual([]);
  expect(sandbox.deliveries().at(-1)).toMatchObject({
    rule: ruleArn(hub, 'minutely'),
    outcome: 'failed',
    reason: expect.stringContaining('does not allow sqs:SendMessage'),
  });
});

test.each([
  ['there is no such rule', 'never-made', ...here],
  ['it goes by a pattern', 'by-pattern', ...here],
  ['it is another account\u2019s', 'hourly', '300000000001', hub.region],
  ['it is another Region\u2019s', 'hourly', hub.accountId, 'us-east-1'],
])('nothing is fired where %s', async (_, rule, accountId, region) => {
  await expect(sandbox.fire(rule, accountId, region)).rejects.toThrow(
    `no rule ${rule} goes by a schedule in account ${accountId}, ${region}`,
  );
  expect(await read('admitted')).toEqual([]);
});

test('nothing is fired where the rule is disabled', async () => {
  await events.send(new DisableRuleCommand({ Name: 'hourly' }));
  await expect(sandbox.fire('hourly', ...here)).rejects.toThrow(/no rule hourly goes by a schedule/);
  expect(await read('admitted')).toEqual([]);
});
