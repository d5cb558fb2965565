import { expect, it } from 'vitest';
import { trials } from './fuzz/runs.ts';
import { createTally } from './fuzz/tally.ts';
import { deliverMutated } from './fuzz/trial.ts';

const runs = trials('events by policies of every clause', { quick: 4_000, full: 50_000 });

it('of thousands of mutated events, by policies of every clause, none takes away more or less than it should', async () => {
  const tally = createTally();
  const names = ['of every clause', 'of small ranges together', 'of small ranges singly', 'that narrows'];
  await deliverMutated(names, runs, tally.count);
  for (const what of ['revoked', 'notified', 'undecided', 'ignored', 'clean', 'mishap'])
    expect(tally.of(what), what).toBeGreaterThan(runs / 100);
  // About 9 of 4,000 are excepted: of so few only that there are some can be expected each time.
  const rarely = runs < 50_000 ? 0 : runs / 2_000;
  for (const what of ['narrowed', 'excepted', 'rejection'])
    expect(tally.of(what), what).toBeGreaterThan(rarely);
}, 1_200_000);
