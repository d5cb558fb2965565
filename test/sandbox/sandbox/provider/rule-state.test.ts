import { EventBridge } from '@aws-sdk/client-eventbridge';
import * as aws from '@pulumi/aws';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, startEngine, steps } from './engine.ts';

const ACCOUNT = '222222222222';
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(ACCOUNT);
});
afterAll(() => engine?.stop());

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
  const events = new EventBridge(engine.sandbox.root(ACCOUNT, 'eu-west-1'));
  const states = async () =>
    Promise.all(['named', 'left-out'].map(async (Name) => (await events.describeRule({ Name })).State));
  expect(await states()).toEqual(['ENABLED', 'ENABLED']);

  for (const Name of ['named', 'left-out']) await events.disableRule({ Name });
  expect(await steps(stack, true)).toEqual(['update named state']);
  await stack.up({ refresh: true });
  expect(await states()).toEqual(['ENABLED', 'DISABLED']);
  events.destroy();
});
