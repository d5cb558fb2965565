import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../../sandbox/demo/security-group.ts';
import { holderOf, takenOverFrom } from './lease-history.ts';
import { ended, runWrong } from './oracle.ts';
import { dice, plan, say } from './plan.ts';
import { type Detour, startProxy } from './proxy.ts';
import { hasEnded, progressed, rollOut } from './rollout.ts';
import type { FaultStage } from './stage.ts';

const alive = ({ workers }: FaultStage) => workers.map((worker) => worker.running());

describe(`a roll-out while the database goes wrong, seed ${plan.seed}`, () => {
  test('goes on where Postgres crashes and comes back, again and again', () =>
    rollOut({
      name: 'crashes of Postgres',
      async hurt(stage, id) {
        const draw = dice('crashes');
        const runs = [id];
        for (let crashes = 0; crashes < 5; ) {
          await sleep(draw() * 20_000);
          const [outage, atOnce] = [draw() * 5000, draw() < 0.5];
          // A crash after the end shows nothing: the rest meets a further run over the same stacks.
          if (await hasEnded(stage, runs.at(-1) ?? id)) {
            expect(runs.length, `runs for ${crashes} crashes`).toBeLessThan(5);
            runs.push((await stage.post<{ id: string }>('/v1/reconcile', { scope: 'organization' })).id);
            continue;
          }
          await stage.postgres.crash(atOnce ? 0 : outage);
          crashes += 1;
          say(`crashes of Postgres: ${crashes}, in run ${runs.length}`);
        }
        expect(alive(stage), 'workers live').toEqual([true, true]);
        for (const further of runs.slice(1))
          expect(runWrong(stage, await ended(stage, further, plan.patienceSeconds))).toEqual([]);
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
      failures: 'explained',
      async hurt(stage, id) {
        const [cutOff] = stage.workers;
        const busy = async () => {
          const stacks = cutOff.stacks().filter((key) => key !== 'hub');
          const holder = stacks.length > 0 ? await holderOf(stage.query, stacks) : undefined;
          if (holder) return { stacks, ...holder };
          return (await hasEnded(stage, id)) ? 'over' : undefined;
        };
        for (let cut = 0; cut < 2; cut += 1) {
          const at = await until('the worker works on a stack that it holds', 300, busy);
          if (at === 'over') {
            expect(cut, 'cut-offs from leases').toBeGreaterThan(0);
            break;
          }
          const before = await takenOverFrom(stage.query, at.owner);
          // Calls that take long: an operation must not outlive its lease even so.
          stage.sandbox.faults.set({ seed: plan.seed, rates: { slow: 1 }, slowMs: [15_000, 30_000] });
          for (const detour of detours) detour.stall();
          say(`a partition: cut off from ${at.leases} leases, at work on ${at.stacks.join(', ')}`);
          await sleep(45_000);
          stage.sandbox.faults.set(undefined);
          // Until then the other worker may be held up by slow calls of its own.
          const taken = await until('another worker takes a key over', 180, async () => {
            const count = (await takenOverFrom(stage.query, at.owner)) - before;
            return count > 0 || (await hasEnded(stage, id)) ? count : undefined;
          });
          for (const detour of detours) detour.heal();
          say(`a partition: healed; ${taken} keys were taken over`);
          await sleep(5_000);
        }
        expect(alive(stage), 'workers live').toEqual([true, true]);
      },
    });
    for (const detour of detours) detour.close();
  });
});
