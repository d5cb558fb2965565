import { expect, it } from 'vitest';
import { createTally } from './fuzz/tally.ts';
import { deliverMutated } from './fuzz/trial.ts';

const runs = 50_000;

it('of 50,000 mutated events, by policies of every clause, none takes away more or less than it should', async () => {
  const tally = createTally();
  const names = ['of every clause', 'of small ranges together', 'of small ranges singly', 'that narrows'];
  await deliverMutated(names, runs, tally.count);
  for (const what of ['revoked', 'notified', 'undecided', 'ignored', 'clean', 'mishap'])
    expect(tally.of(what), what).toBeGreaterThan(runs / 100);
  for (const what of ['narrowed', 'excepted', 'rejection'])
    expect(tally.of(what), what).toBeGreaterThan(runs / 2_000);
}, 600_000);
