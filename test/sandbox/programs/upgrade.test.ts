import { EventBridge } from '@aws-sdk/client-eventbridge';
import { SQS } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stackOpener } from '../../../controlplane/pulumi/cli.ts';
import type { DesiredStack } from '../../../controlplane/stacks/desired.ts';
import { names } from '../../../programs/names.ts';
import { openToTheWorld } from '../../../sandbox/demo/security-group.ts';
import { type DeploymentWorld, deploymentWorld, hub } from '../../worlds/deployment.ts';
import { operate } from '../../worlds/engine.ts';
import { until } from '../../worlds/until.ts';
import { firstRelease } from './first-release.ts';

const accountId = '300000000001';
const never = new AbortController().signal;
let world: DeploymentWorld;
/** What the upgrade did to each resource, in its order. */
const steps: { stack: string; operation: string; resource: string }[] = [];

const stacks = (): [DesiredStack, () => Record<string, unknown>][] => [
  [world.stacks.hub(), firstRelease(world, 'hub', hub.accountId)],
  [world.stacks.account(accountId), firstRelease(world, 'account', accountId)],
  [world.stacks.region(accountId), firstRelease(world, 'region', accountId)],
];

async function opensAndCloses(port: number): Promise<void> {
  const group = await openToTheWorld(world.sandbox, { accountId, region: hub.region, port });
  await until(async () => !(await group.ruleIds()).includes(group.ruleId));
}

const queues: [string, string][] = [
  [accountId, names.forwardDeadLetterQueue],
  [hub.accountId, names.deadLetterQueue],
  [hub.accountId, names.lifecycleQueue],
  [hub.accountId, names.resultsQueue],
];

/** What is missing of the cell's protection at this moment: rules that are enabled, with their targets, and queue policies. */
async function missing(): Promise<string[]> {
  const found: string[] = [];
  for (const [account, rule] of [
    [accountId, { Name: names.forwardRule, EventBusName: 'default' }],
    [hub.accountId, { Name: names.ingressRule, EventBusName: names.bus }],
  ] as const) {
    const events = new EventBridge(world.sandbox.root(account, hub.region));
    const { State } = await events.describeRule(rule);
    const { EventBusName } = rule;
    const { Targets = [] } = await events.listTargetsByRule({ Rule: rule.Name, EventBusName });
    if (State !== 'ENABLED') found.push(`${rule.Name} is ${State}`);
    if (Targets.length !== 1) found.push(`${rule.Name} has ${Targets.length} targets`);
    events.destroy();
  }
  for (const [account, QueueName] of queues) {
    const sqs = new SQS(world.sandbox.root(account, hub.region));
    const { QueueUrl } = await sqs.getQueueUrl({ QueueName });
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['Policy'] });
    if (!Attributes?.Policy?.includes('sqs:SendMessage')) found.push(`${QueueName} has no policy`);
    sqs.destroy();
  }
  return found;
}

/** Looks over and over while the work is under way; everything that was missing at any moment. */
async function missingDuring(work: Promise<unknown>): Promise<string[]> {
  const found = new Set<string>();
  let under = true;
  const watching = (async () => {
    while (under) for (const each of await missing()) found.add(each);
  })();
  await work.finally(() => {
    under = false;
  });
  await watching;
  return [...found];
}

async function upgrade(): Promise<void> {
  for (const [stack] of stacks()) {
    const { changes } = await operate(world.engine, 'up', stack, { upgrade: true });
    for (const { operation, type, name } of changes) {
      const resource = `${type.split(':').at(-1)} ${name}`;
      steps.push({ stack: stack.key.split('-')[0] ?? '', operation, resource });
    }
  }
}

beforeAll(async () => {
  world = await deploymentWorld();
  const open = stackOpener(world.settings);
  for (const [stack, old] of stacks()) {
    const opened = await open(stack.key, old, never);
    await opened.create();
    await opened.operate('up', () => undefined);
  }
});
afterAll(() => world?.stop());

test('an installation of the first release is upgraded, and no cell is without protection or a queue policy at any moment', async () => {
  await opensAndCloses(22);
  expect(await missingDuring(upgrade())).toEqual([]);
  await opensAndCloses(3389);
}, 300_000);

test('the upgrade replaces nothing, and stops managing only the policies that the queues have themselves now', () => {
  const operations = new Set(steps.map(({ operation }) => operation));
  expect([...operations].sort()).toEqual(['create', 'delete', 'update']);
  const dropped = steps.filter(({ operation }) => operation === 'delete').map(({ resource }) => resource);
  expect(dropped.sort()).toEqual([
    'QueuePolicy dead-letter-eu-west-1',
    'QueuePolicy portcullis-dead-letter',
    'QueuePolicy portcullis-lifecycle',
    'QueuePolicy portcullis-results',
  ]);
  const created = steps.filter(({ operation }) => operation === 'create').map(({ resource }) => resource);
  expect(created.sort()).toEqual([
    'EventRule portcullis-canary',
    'EventSourceMapping portcullis-canary',
    'EventTarget portcullis-canary',
    'MetricAlarm portcullis-errors',
    'MetricAlarm portcullis-event-age',
    'MetricAlarm portcullis-throttles',
    'Queue portcullis-canary',
  ]);
});

test('canaries have their own way before the ingress rule lets them go', () => {
  const at = (resource: string) => steps.findIndex((step) => step.resource === resource);
  const handedOver = at('EventRule portcullis-ingress');
  expect(steps[handedOver]).toMatchObject({ operation: 'update' });
  for (const resource of ['EventSourceMapping portcullis-canary', 'EventTarget portcullis-canary']) {
    expect(at(resource), resource).toBeGreaterThanOrEqual(0);
    expect(at(resource), resource).toBeLessThan(handedOver);
  }
});
