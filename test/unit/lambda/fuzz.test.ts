import { expect, it } from 'vitest';
import { trials } from './fuzz/runs.ts';
import { createTally } from './fuzz/tally.ts';
import { deliverMutated } from './fuzz/trial.ts';

const runs = trials('events by the policies that ship', { quick: 4_000, full: 50_000 });

/** The other half is in fuzz-grammar.test.ts; each takes about a minute of one core in full. */
it('of thousands of mutated events, by the policies that ship, none takes away more or less than it should', async () => {
  const tally = createTally();
  const names = ['world-open', 'as shipped, in mode revoke', 'as shipped', 'in mode notify'];
  await deliverMutated(names, runs, tally.count);
  for (const what of ['revoked', 'would-revoke', 'observed', 'notified', 'undecided', 'ignored', 'clean'])
    expect(tally.of(what), what).toBeGreaterThan(runs / 100);
  for (const what of ['mishap', 'rejection', 'access-denied', 'group-gone'])
    expect(tally.of(what), what).toBeGreaterThan(runs / 1_000);
}, 1_200_000);
