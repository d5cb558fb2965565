import { EventBridge } from '@aws-sdk/client-eventbridge';
import { Lambda } from '@aws-sdk/client-lambda';
import * as aws from '@pulumi/aws';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, startEngine, steps } from './engine.ts';
import { everyType } from './program.ts';

const account = '222222222222';
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(account);
});
afterAll(() => engine?.stop());

const settings = () => engine.sandbox.root(account, 'eu-west-1');
const everything = () =>
  engine.stack('every', async () => everyType(new aws.Provider('aws', { region: 'eu-west-1' }), {}));

test('what the official plugin does not see is not seen here', async () => {
  await (await everything()).up();
  const lambda = new Lambda(settings());
  const events = new EventBridge(settings());
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
  expect(await steps(await everything(), true)).toEqual([]);
});
