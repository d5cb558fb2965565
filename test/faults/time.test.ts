import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../../sandbox/demo/security-group.ts';
import { handovers } from './lease-history.ts';
import { previewDiffers } from './oracle.ts';
import { dice, plan, say } from './plan.ts';
import { progressed, rollOut } from './rollout.ts';
import type { FaultStage } from './stage.ts';

const hour = 3600_000;

/** Has the organization listed once more, and looks that no account keeps what an earlier listing said. */
async function listAgain(stage: FaultStage): Promise<void> {
  const [begun] = await stage.query<{ at: string }>('select clock_timestamp()::text as at');
  expect(await previewDiffers(stage, stage.accountIds.slice(2, 3))).toEqual([]);
  const left = await stage.query(
    `select id, seen_at from account where state = 'ACTIVE' and not seen_at between $1::timestamptz and now()`,
    [begun?.at],
  );
  expect(left, 'accounts that the next listing did not reach').toEqual([]);
}

describe(`a roll-out while time goes wrong, seed ${plan.seed}`, () => {
  test('does not mind workers whose clocks jump by up to an hour, forth and back', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-clock-'));
    const file = (worker: number) => join(directory, String(worker));
    await rollOut({
      name: 'clock jumps',
      settings: {
        nodeArguments: (worker) => {
          const clock = new URL('./shifted-clock.mjs', import.meta.url);
          clock.searchParams.set('file', file(worker));
          return ['--import', clock.href];
        },
      },
      async hurt() {
        const draw = dice('clocks');
        const end = Date.now() + 60_000;
        while (Date.now() < end) {
          for (const worker of [0, 1])
            writeFileSync(file(worker), String(Math.round((draw() * 2 - 1) * hour)));
          await sleep(draw() * 6000);
        }
      },
      async afterwards(stage) {
        const [future] = await stage.query<{ count: number }>(
          `select count(*)::int as count from account where seen_at > now() + interval '1 minute'`,
        );
        expect(future?.count, 'accounts seen in the future').toBe(0);
        for (const worker of [0, 1]) writeFileSync(file(worker), '0');
        await sleep(1000); // each worker looks at its file five times a second
        await listAgain(stage);
      },
    });
    rmSync(directory, { recursive: true, force: true });
  });

  for (const withChildren of [false, true]) {
    const what = withChildren ? 'a worker that is paused with its CLIs' : 'a worker that is paused';
    test(`is taken over from ${what} for longer than its leases`, () =>
      rollOut({
        name: what,
        overlaps: 'expected',
        failures: 'explained',
        async hurt(stage, id) {
          const [paused, other] = stage.workers;
          await until(
            'a few stacks are made',
            300,
            async () => (await progressed(stage, id, 3)) || undefined,
          );
          paused.pause(withChildren);
          say(`${what}: paused`);
          await sleep(40_000);
          paused.resume();
          say(`${what}: goes on`);
          await sleep(2000);
          expect([paused.running(), other?.running()]).toEqual([true, true]);
        },
        async afterwards(stage) {
          const { fromDead } = await handovers(stage.query);
          expect(fromDead, 'keys taken over').toBeGreaterThan(0);
        },
      }));
  }
});
