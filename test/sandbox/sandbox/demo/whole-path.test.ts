import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
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

  test('what the control plane wrote is readable by its own user alone', async () => {
    const data = String(world.environment.PORTCULLIS_DATA);
    const names = await readdir(data, { recursive: true });
    const modes = await Promise.all(names.map(async (name) => [name, await stat(join(data, name))] as const));
    expect(names).toEqual(expect.arrayContaining(['owner.json', 'database', 'state']));
    expect(modes.filter(([, { mode }]) => (mode & 0o077) !== 0).map(([name]) => name)).toEqual([]);
  });

  test('no delivery failed on the way', () => {
    const failed = world.sandbox
      .deliveries()
      .filter(({ outcome }) => outcome === 'failed' || outcome === 'dead-lettered');
    expect(failed).toEqual([]);
  });
});
