import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { accountStack, type EngineWorld, engineWorld, operate } from '../../../worlds/engine.ts';

/** The official plugin waits for 25 s; here a second shows that it waits. */
const waitMs = 1_000;
let world: EngineWorld;
beforeAll(async () => {
  world = await engineWorld();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await world?.stop();
});

test('a new queue waits for as long as asked, and one that is as declared does not', async () => {
  const engine = world.engine('data');
  await operate(engine, 'up', accountStack(), { known: false });
  vi.stubEnv('SANDBOX_QUEUE_WAIT_MS', String(waitMs));
  const began = performance.now();
  await operate(engine, 'up', accountStack('us-east-1', 'eu-west-1'));
  expect(performance.now() - began).toBeGreaterThan(waitMs);
  vi.stubEnv('SANDBOX_QUEUE_WAIT_MS', '3600000');
  const again = await operate(engine, 'up', accountStack('us-east-1', 'eu-west-1'));
  expect(again).toMatchObject({ changes: [], drift: [] });
});
