import { EventBridge } from '@aws-sdk/client-eventbridge';
import { Lambda } from '@aws-sdk/client-lambda';
import * as aws from '@pulumi/aws';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, type EngineStack, startEngine, steps } from './engine.ts';
import { everyType } from './program.ts';

const account = '222222222222';
let engine: Engine;
let everything: EngineStack;
let events: EventBridge;
let lambda: Lambda;
beforeAll(async () => {
  engine = await startEngine(account);
  events = new EventBridge(engine.sandbox.root(account, 'eu-west-1'));
  lambda = new Lambda(engine.sandbox.root(account, 'eu-west-1'));
  everything = await engine.stack('every', async () =>
    everyType(new aws.Provider('aws', { region: 'eu-west-1' }), {}),
  );
  await everything.up();
});
afterAll(() => engine?.stop());

test('what the official plugin does not see is not seen here', async () => {
  // Code whose hash the program does not name.
  const other = zipSync({ 'index.mjs': strToU8('export const handler = 3;') });
  await lambda.updateFunctionCode({ FunctionName: 'test-function', ZipFile: other });
  // A dead-letter queue and a retry policy that are removed.
  const at = { Rule: 'test-rule', EventBusName: 'test-bus' };
  const { Targets: [target] = [] } = await events.listTargetsByRule(at);
  const { DeadLetterConfig, RetryPolicy, ...rest } = target ?? { Id: '', Arn: '' };
  expect(DeadLetterConfig?.Arn).toContain('test-queue');
  expect(RetryPolicy).toBeDefined();
  await events.putTargets({ ...at, Targets: [rest] });
  // The condition of a permission.
  const statement = { FunctionName: 'test-function', StatementId: 'events' };
  await lambda.removePermission(statement);
  await lambda.addPermission({
    ...statement,
    Action: 'lambda:InvokeFunction',
    Principal: 'events.amazonaws.com',
  });
  expect(await steps(everything, true)).toEqual([]);
});

// Source: `DiffSuppressFunc` of `state`, hashicorp/terraform-provider-aws internal/service/events/rule.go.
test('a rule that was disabled by hand is a difference only where the program names its state', async () => {
  const program = async () => {
    const provider = new aws.Provider('aws', { region: 'eu-west-1' });
    const rule = (name: string, named: { state?: string }) =>
      new aws.cloudwatch.EventRule(name, { name, eventPattern: '{"source":["a"]}', ...named }, { provider });
    rule('named', { state: 'ENABLED' });
    rule('left-out', {});
  };
  const stack = await engine.stack('states', program);
  await stack.up();
  const states = async () =>
    Promise.all(['named', 'left-out'].map(async (Name) => (await events.describeRule({ Name })).State));
  expect(await states()).toEqual(['ENABLED', 'ENABLED']);

  for (const Name of ['named', 'left-out']) await events.disableRule({ Name });
  expect(await steps(stack, true)).toEqual(['update named state']);
  await stack.up({ refresh: true });
  expect(await states()).toEqual(['ENABLED', 'DISABLED']);
});

test('an event source mapping that was disabled by hand is enabled again, and a second one names the first', async () => {
  const { EventSourceMappings: [made] = [] } = await lambda.listEventSourceMappings({});
  const { UUID = '', EventSourceArn = '', FunctionArn = '' } = made ?? {};
  await lambda.updateEventSourceMapping({ UUID, Enabled: false });
  expect(await steps(everything, true)).toEqual(['update mapping enabled']);
  await everything.up({ refresh: true });
  expect((await lambda.getEventSourceMapping({ UUID })).State).toBe('Enabled');
  const second = lambda.createEventSourceMapping({ EventSourceArn, FunctionName: FunctionArn });
  await expect(second).rejects.toMatchObject({
    name: 'ResourceConflictException',
    message: expect.stringContaining(`existing mapping with UUID ${UUID}`),
  });
});
