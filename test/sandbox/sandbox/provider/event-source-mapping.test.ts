import { Lambda } from '@aws-sdk/client-lambda';
import * as aws from '@pulumi/aws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, startEngine, steps } from './engine.ts';
import { everyType } from './program.ts';

const ACCOUNT = '222222222222';
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(ACCOUNT);
});
afterAll(() => engine?.stop());

test('a mapping that was disabled by hand is found and enabled again, and a second one names the first', async () => {
  const stack = await engine.stack('mapped', async () =>
    everyType(new aws.Provider('aws', { region: 'eu-west-1' })),
  );
  await stack.up();
  const lambda = new Lambda(engine.sandbox.root(ACCOUNT, 'eu-west-1'));
  const { EventSourceMappings: [made] = [] } = await lambda.listEventSourceMappings({});
  const { UUID = '', EventSourceArn = '', FunctionArn = '' } = made ?? {};
  await lambda.updateEventSourceMapping({ UUID, Enabled: false });
  expect(await steps(stack, true)).toEqual(['update mapping enabled']);
  await stack.up({ refresh: true });
  expect((await lambda.getEventSourceMapping({ UUID })).State).toBe('Enabled');
  const second = lambda.createEventSourceMapping({ EventSourceArn, FunctionName: FunctionArn });
  await expect(second).rejects.toMatchObject({
    name: 'ResourceConflictException',
    message: expect.stringContaining(`existing mapping with UUID ${UUID}`),
  });
  lambda.destroy();
});
