import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../../sandbox/demo/control-plane.ts';
import { until } from '../../../sandbox/demo/security-group.ts';
import type { World } from '../../../sandbox/demo/world.ts';
import { allBut, startTestWorld } from '../../worlds/control-plane.ts';
import { member } from '../../worlds/least-privilege.ts';

let world: World;
let controlPlane: ControlPlane;
beforeAll(async () => {
  world = await startTestWorld({
    PORTCULLIS_REGIONS: member.region,
    PORTCULLIS_EXCLUDE: allBut(member.accountId),
  });
  controlPlane = world.controlPlane;
}, 300_000);
afterAll(async () => {
  if (controlPlane !== world?.controlPlane) await controlPlane?.stop();
  await world?.stop();
});

/** JSON files in a folder of the Pulumi state. */
function filesOf(folder: string): string[] {
  const at = join(world.environment.PORTCULLIS_DATA ?? '', 'state/.pulumi', folder);
  try {
    return readdirSync(at, { recursive: true })
      .map((name) => join(at, String(name)))
      .filter((name) => name.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

interface Checkpoint {
  readonly checkpoint?: { readonly latest?: { readonly pending_operations?: readonly object[] } };
}
const pending = (): object[] =>
  filesOf('stacks').flatMap((file) => {
    const { checkpoint }: Checkpoint = JSON.parse(readFileSync(file, 'utf8'));
    return [...(checkpoint?.latest?.pending_operations ?? [])];
  });

test('a service stopped in the middle of an operation ends it, exits with 0 in time, and the next finishes', {
  timeout: 400_000,
}, async () => {
  // It creates the hub automatically as soon as it has listed the organization; a lock is an operation under way.
  await until('an operation is under way', 120, async () => filesOf('locks')[0]);
  const begun = performance.now();
  expect(await controlPlane.stop()).toBe(0);
  expect(performance.now() - begun).toBeLessThan(75_000);
  expect(filesOf('locks')).toEqual([]);
  expect(pending()).toEqual([]);

  controlPlane = await startControlPlane(world.environment);
  const { exit, output } = await controlPlane.cli(['reconcile', '--all', '--only-changed']);
  expect(exit, output).toBe(0);
  expect(filesOf('locks')).toEqual([]);
  expect(pending()).toEqual([]);
});
