import { expect, it } from 'vitest';
import { createTally } from './fuzz/tally.ts';
import { deliverMutated } from './fuzz/trial.ts';

const runs = 50_000;

/** The other half of the 100,000 is in fuzz-grammar.test.ts; each takes about a minute of one core. */
it('of 50,000 mutated events, by the policies that ship, none takes away more or less than it should', async () => {
  const tally = createTally();
  const names = ['world-open', 'as shipped, in mode revoke', 'as shipped', 'in mode notify'];
  await deliverMutated(names, runs, tally.count);
  for (const what of ['revoked', 'would-revoke', 'observed', 'notified', 'undecided', 'ignored', 'clean'])
    expect(tally.of(what), what).toBeGreaterThan(runs / 100);
  for (const what of ['mishap', 'rejection', 'access-denied', 'group-gone'])
    expect(tally.of(what), what).toBeGreaterThan(runs / 1_000);
}, 600_000);
