import { EventBridge } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DesiredStack } from '../../../controlplane/stacks/desired.ts';
import { accountStack, type EngineWorld, engineWorld, hubStack, operate } from '../../worlds/engine.ts';

let world: EngineWorld;
beforeAll(async () => {
  world = await engineWorld();
});
afterAll(() => world?.stop());

const stacks = {
  account: () => accountStack('eu-west-1'),
  hub: () => hubStack(world.bundle),
};

test.each([
  ['a forwarding rule', 'account', { Name: 'portcullis-forward', EventBusName: 'default' }],
  ["the hub's ingress rule", 'hub', { Name: 'portcullis-ingress', EventBusName: 'portcullis' }],
  ["the hub's schedule", 'hub', { Name: 'portcullis-schedule', EventBusName: 'default' }],
] as const)(
  '%s that was disabled by hand shows in the preview and is enabled again',
  async (_, kind, rule) => {
    const stack: DesiredStack = stacks[kind]();
    const engine = world.engine('data');
    const events = new EventBridge(world.clients);
    await operate(engine, 'up', stack, { known: false });
    await events.disableRule(rule);

    const seen = await operate(engine, 'preview', stack);
    const changed = { type: 'aws:cloudwatch/eventRule:EventRule', properties: ['state'] };
    expect(seen.drift).toMatchObject([{ ...changed, operation: 'changed' }]);
    expect(seen.changes).toMatchObject([{ ...changed, operation: 'update' }]);
    expect((await events.describeRule(rule)).State).toBe('DISABLED');

    await operate(engine, 'up', stack);
    expect((await events.describeRule(rule)).State).toBe('ENABLED');
    events.destroy();
  },
);
