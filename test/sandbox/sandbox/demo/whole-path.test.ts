import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { steps } from '../../../../sandbox/demo/steps.ts';
import { startWorld, type World } from '../../../../sandbox/demo/world.ts';

/** The demo's claims, each a test: a step throws where its claim does not hold on the sandbox's state. */
describe('the whole path on a local organization', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world?.stop());

  for (const { claim, run } of steps) {
    test(claim, { timeout: 300_000 }, async () => {
      expect(await run(world, () => undefined)).not.toBe('');
    });
  }

  test('no delivery failed on the way', () => {
    const failed = world.sandbox
      .deliveries()
      .filter(({ outcome }) => outcome === 'failed' || outcome === 'dead-lettered');
    expect(failed).toEqual([]);
  });
});
