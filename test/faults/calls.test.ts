import { describe, expect, test } from 'vitest';
import type { FaultPlan } from '../../sandbox/gateway/faults.ts';
import { plan, say } from './plan.ts';
import { rollOut } from './rollout.ts';

/** A fifth of all calls. */
const rates = {
  throttle: 0.06,
  unavailable: 0.05,
  expired: 0.01,
  reset: 0.03,
  silence: 0.005,
  slow: 0.03,
  lost: 0.015,
};

/** `least`: the share of calls that has to be struck, or there was nothing to cope with. */
const rollOutWith = (name: string, least: number, faults: Omit<FaultPlan, 'seed'>) =>
  rollOut({
    name,
    failures: 'explained',
    // Only calls of the workers and their CLIs: the test is about how they handle faults.
    hurt: async ({ sandbox }) => sandbox.faults.set({ seed: plan.seed, ...faults }),
    async afterwards({ sandbox }) {
      const { calls, struck } = sandbox.faults.counts();
      sandbox.faults.set(undefined);
      say(`${name}: ${calls} calls, struck ${JSON.stringify(struck)}`);
      const share = Object.values(struck).reduce((sum, count) => sum + count, 0) / calls;
      expect(share, 'the share of calls that was struck').toBeGreaterThanOrEqual(least);
    },
  });

describe(`a roll-out while AWS calls go wrong, seed ${plan.seed}`, () => {
  test('ends with every cell right and every resource once where a fifth of all calls go wrong', () =>
    rollOutWith('a fifth of calls', 0.15, { rates, slowMs: [200, 3000], silenceMs: 20_000 }));

  test('makes nothing twice where a tenth of the answers to changes is lost', () =>
    rollOutWith('lost answers', 0.05, {
      rates: { lost: 0.1 },
      only: [{ service: 'iam' }, { service: 'events' }, { service: 'sqs' }, { service: 'lambda' }],
    }));

  test('gets new credentials where sessions are revoked', () =>
    rollOutWith('revoked sessions', 0.003, { rates: { revoked: 0.01 } }));
});
