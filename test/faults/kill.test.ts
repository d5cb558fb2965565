import { afterEach, describe, expect, test } from 'vitest';
import { killDuring } from './killing.ts';
import { handovers } from './lease-history.ts';
import { previewDiffers, whatIsWrong } from './oracle.ts';
import { plan, say } from './plan.ts';
import { type FaultStage, lacking, openStage, startWorkers } from './stage.ts';

const why = lacking();
let stage: FaultStage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

/** Numbers of the roll-outs: as many as it takes for all the kills, where each has its share. */
const rollouts = Array.from({ length: Math.ceil(plan.kills / plan.killsEach) }, (_, index) => index + 1);

describe(`kill -9 at random moments of a roll-out, seed ${plan.seed}`, () => {
  let kills = 0;

  test.each(rollouts)(
    'roll-out %i ends with every cell right and every resource once',
    { timeout: (plan.patienceSeconds + 600) * 1000 },
    async (number) => {
      if (why) return void expect.fail(why);
      stage = await openStage({ accounts: plan.accounts, regions: plan.regions });
      await startWorkers(stage);
      const begun = performance.now();
      const { id } = await stage.post<{ id: string }>('/v1/reconcile', {});
      const most = Math.min(plan.killsEach, plan.kills - kills);
      const killing = { ...plan, name: `roll-out ${number}`, most };
      const { kills: had, run } = await killDuring(stage, id, killing);
      kills += had;
      const seconds = ((performance.now() - begun) / 1000).toFixed(0);
      expect(await whatIsWrong(stage, run)).toEqual([]);
      const { taken, fromDead } = await handovers(stage.query);
      say(
        `roll-out ${number}: ${had} kills, ${seconds} s, ${taken} leases, ${fromDead} of them from the dead`,
      );
      expect(await previewDiffers(stage, stage.accountIds.slice(0, 3))).toEqual([]);
    },
  );

  test(`there were ${plan.kills} kills`, () => {
    expect(kills).toBeGreaterThanOrEqual(plan.kills);
  });
});
