import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBefore } from '../../../../sandbox/demo/opened-before.ts';
import { steps } from '../../../../sandbox/demo/steps.ts';
import { startWorld, type World } from '../../../../sandbox/demo/world.ts';
import { until } from '../../../worlds/until.ts';

/** The demo's claims, each a test: a step throws where its claim does not hold on the sandbox's state. */
describe('the whole path on a local organization', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({}, undefined, openBefore);
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
    // PGlite gives its files modes of its own; their directory keeps others out.
    const own = names.filter((name) => !name.startsWith('database/'));
    const modes = await Promise.all(own.map(async (name) => [name, await stat(join(data, name))] as const));
    expect(names).toEqual(expect.arrayContaining(['owner.json', 'database', 'state']));
    expect(modes.filter(([, { mode }]) => (mode & 0o077) !== 0).map(([name]) => name)).toEqual([]);
  });

  test('a second installation refuses the hub until it takes it over, and then the first refuses', async () => {
    const data = await mkdtemp(join(tmpdir(), 'portcullis-second-'));
    const second = (...args: string[]) => world.controlPlane.cli(args, undefined, { PORTCULLIS_DATA: data });
    try {
      const refused = await second('reconcile', '--all');
      expect(refused.output).toMatch(/belongs to installation .* portcullis take-over/);
      expect(refused.exit).toBe(1);
      expect(await second('take-over', '--yes')).toMatchObject({ exit: 0 });
      await until(async () => (await fetch(new URL('/readyz', world.controlPlane.url))).status === 503);
      const first = await world.controlPlane.cli(['reconcile', '--region', 'eu-west-1'], undefined);
      expect(first.output).toMatch(/belongs to installation/);
      expect(first.exit).toBe(1);
      expect(await world.controlPlane.cli(['take-over', '--yes'], undefined)).toMatchObject({ exit: 0 });
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });

  test('no delivery failed on the way', () => {
    const failed = world.sandbox
      .deliveries()
      .filter(({ outcome }) => outcome === 'failed' || outcome === 'dead-lettered');
    expect(failed).toEqual([]);
  });
});
