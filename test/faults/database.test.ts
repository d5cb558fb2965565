import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../../sandbox/demo/security-group.ts';
import { dice, plan, say } from './plan.ts';
import { type Detour, startProxy } from './proxy.ts';
import { progressed, rollOut } from './rollout.ts';
import type { FaultStage } from './stage.ts';

const alive = ({ workers }: FaultStage) => workers.map((worker) => worker.running());

describe(`a roll-out while the database goes wrong, seed ${plan.seed}`, () => {
  test('goes on where Postgres crashes and comes back, again and again', () =>
    rollOut({
      name: 'crashes of Postgres',
      async hurt(stage) {
        const draw = dice('crashes');
        for (let crash = 1; crash <= 5; crash += 1) {
          await sleep(draw() * 20_000);
          await stage.postgres.crash(draw() < 0.5 ? 0 : draw() * 5000);
          say(`crashes of Postgres: ${crash}`);
        }
        expect(alive(stage), 'workers live').toEqual([true, true]);
      },
    }));

  test('pauses while Postgres is away, for longer than a lease, and says that it is not ready', () =>
    rollOut({
      name: 'an outage of Postgres',
      async hurt(stage, id) {
        await until('a few stacks are made', 300, async () => (await progressed(stage, id, 4)) || undefined);
        const url = stage.workers[0].url() ?? '';
        const back = stage.postgres.crash(40_000);
        const status = async () => (await fetch(new URL('/readyz', url))).status;
        await until('not ready', 30, async () => ((await status()) === 503 ? true : undefined));
        expect((await fetch(new URL('/healthz', url))).status).toBe(200);
        await back;
        await until('ready', 60, async () => ((await status()) === 200 ? true : undefined));
        expect(alive(stage), 'workers live').toEqual([true, true]);
      },
    }));

  test('is taken over from a worker that is cut off from Postgres, which ends what it does in time', async () => {
    const detours: Detour[] = [];
    await rollOut({
      name: 'a partition',
      settings: {
        async databaseUrl(address, worker) {
          if (worker > 0) return address;
          const detour = await startProxy(address);
          detours.push(detour);
          return detour.url;
        },
      },
      async hurt(stage, id) {
        for (let left = 2; left > 0; left -= 1) {
          const [cutOff] = stage.workers;
          const busy = async () => {
            const stacks = cutOff.stacks().filter((key) => key !== 'hub');
            return stacks.length > 0 || (await progressed(stage, id, 1000)) ? stacks : undefined;
          };
          const stacks = await until('the worker works on a stack', 300, busy);
          // Calls that take long: an operation must not outlive its lease even so.
          stage.sandbox.faults.set({ seed: plan.seed, rates: { slow: 1 }, slowMs: [15_000, 30_000] });
          for (const detour of detours) detour.stall();
          say(`a partition: cut off from ${stacks.join(', ') || 'nothing'}`);
          await sleep(45_000);
          stage.sandbox.faults.set(undefined);
          for (const detour of detours) detour.heal();
          say('a partition: healed');
          await sleep(5_000);
        }
        expect(alive(stage), 'workers live').toEqual([true, true]);
      },
    });
    for (const detour of detours) detour.close();
  });
});
