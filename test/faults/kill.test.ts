import { afterEach, describe, expect, test } from 'vitest';
import { killDuring } from './killing.ts';
import { handovers } from './lease-history.ts';
import { previewDiffers, whatIsWrong } from './oracle.ts';
import { unverified } from './oracle-verification.ts';
import { plan, say } from './plan.ts';
import { type FaultStage, lacking, openStage, startWorkers } from './stage.ts';

const why = lacking();
let stage: FaultStage | undefined;
afterEach(async () => {
  await stage?.stop();
  stage = undefined;
});

/**
 * Numbers of the roll-outs: as many as it takes for all the kills, where each has its share; and as many again, as one
 * may end before its last kills' time has come.
 */
const rollouts = Array.from({ length: 2 * Math.ceil(plan.kills / plan.killsEach) }, (_, index) => index + 1);

describe(`kill -9 at random moments of a roll-out, seed ${plan.seed}`, () => {
  let kills = 0;

  test.for(rollouts)(
    'roll-out %i ends with every cell right and every resource once',
    { timeout: (plan.patienceSeconds + 2400) * 1000 },
    async (number, { skip }) => {
      if (why) return void expect.fail(why);
      if (kills >= plan.kills) return skip(`there were ${kills} kills already`);
      stage = await openStage({ accounts: plan.accounts, regions: plan.regions });
      await startWorkers(stage);
      const begun = performance.now();
      const { id } = await stage.post<{ id: string }>('/v1/reconcile', { scope: 'organization' });
      const most = Math.min(plan.killsEach, plan.kills - kills);
      const killing = { ...plan, name: `roll-out ${number}`, most };
      const { kills: had, run } = await killDuring(stage, id, killing);
      kills += had;
      const seconds = ((performance.now() - begun) / 1000).toFixed(0);
      expect(await whatIsWrong(stage, run, { failures: 'explained' })).toEqual([]);
      const { taken, fromDead } = await handovers(stage.query);
      say(
        `roll-out ${number}: ${had} kills, ${seconds} s, ${taken} leases, ${fromDead} of them from the dead`,
      );
      expect(await previewDiffers(stage, stage.accountIds.slice(0, 3))).toEqual([]);
      expect(await unverified(stage)).toEqual([]);
    },
  );

  test(`there were ${plan.kills} kills`, () => {
    expect(kills).toBeGreaterThanOrEqual(plan.kills);
  });
});
