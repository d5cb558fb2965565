import { Lambda } from '@aws-sdk/client-lambda';
import { SQS } from '@aws-sdk/client-sqs';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ResourceChange } from '../../../controlplane/stacks/operation-record.ts';
import { codeSha256 } from '../../../programs/arguments.ts';
import { names } from '../../../programs/names.ts';
import { type EngineWorld, engineWorld, hubStack, operate } from '../../worlds/engine.ts';

const FunctionName = names.remediationFunction;
let world: EngineWorld;
let lambda: Lambda;
beforeAll(async () => {
  world = await engineWorld();
  lambda = new Lambda(world.clients);
});
afterAll(async () => {
  lambda?.destroy();
  await world?.stop();
});

/** Each AWS resource of a record, as `operation name properties`. */
const titles = (changes: readonly ResourceChange[]) =>
  changes
    .map(({ operation, name, properties }) => `${operation} ${name} ${[...properties].sort().join()}`)
    .sort();

const deployed = async () => (await lambda.getFunction({ FunctionName })).Configuration?.CodeSha256;

test('code that was replaced by hand shows in the preview, and the declared code is uploaded again', async () => {
  const stack = hubStack(world.bundle);
  const engine = world.engine('data');
  await operate(engine, 'up', stack, { known: false });
  if (stack.arguments.kind !== 'hub') throw new Error('no hub');
  const declared = codeSha256(stack.arguments.bundle);
  expect(await deployed()).toBe(declared);
  expect(await operate(engine, 'up', stack)).toMatchObject({ changes: [], drift: [] });

  const ZipFile = zipSync({ 'index.mjs': strToU8('export const handler = async () => "mine";') });
  await lambda.updateFunctionCode({ FunctionName, ZipFile });
  expect(await deployed()).not.toBe(declared);

  const changed = { type: 'aws:lambda/function:Function', properties: ['codeSha256'] };
  const seen = await operate(engine, 'preview', stack);
  expect(seen.drift).toMatchObject([{ ...changed, operation: 'changed' }]);
  const { changes } = await operate(engine, 'up', stack);
  expect(changes).toMatchObject([{ ...changed, operation: 'update' }]);
  expect(await deployed()).toBe(declared);
});

test("AWS's own values that a person changed show in the preview and are set again", async () => {
  const stack = hubStack(world.bundle);
  const engine = world.engine('data');
  await operate(engine, 'up', stack);
  await lambda.updateFunctionConfiguration({
    FunctionName,
    EphemeralStorage: { Size: 1024 },
    LoggingConfig: { LogFormat: 'Text', LogGroup: '/somewhere/else' },
    TracingConfig: { Mode: 'Active' },
  });
  const sqs = new SQS(world.clients);
  const { QueueUrl } = await sqs.getQueueUrl({ QueueName: names.deadLetterQueue });
  const RedriveAllowPolicy = JSON.stringify({ redrivePermission: 'denyAll' });
  const Attributes = { RedriveAllowPolicy, MaximumMessageSize: '2048' };
  await sqs.setQueueAttributes({ QueueUrl, Attributes });

  const { drift } = await operate(engine, 'preview', stack);
  expect(titles(drift)).toEqual([
    `changed ${names.deadLetterQueue} maxMessageSize,redriveAllowPolicy`,
    `changed ${FunctionName} ephemeralStorage.size,loggingConfig.logGroup,tracingConfig.mode`,
  ]);
  await operate(engine, 'up', stack);
  const { Configuration } = await lambda.getFunction({ FunctionName });
  expect(Configuration).toMatchObject({
    EphemeralStorage: { Size: 512 },
    LoggingConfig: { LogGroup: names.logGroup },
    TracingConfig: { Mode: 'PassThrough' },
  });
  const now = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['RedriveAllowPolicy'] });
  expect(JSON.parse(now.Attributes?.RedriveAllowPolicy ?? '')).toEqual({ redrivePermission: 'allowAll' });
  sqs.destroy();
});
