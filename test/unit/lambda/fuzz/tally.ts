import type { Trial } from './trial.ts';

/**
 * How often each case of the invariants occurred, so that none passes without a case: outcomes and actions of findings,
 * AWS calls that went wrong, and invocations that rejected.
 */
export function createTally() {
  const counts = new Map<string, number>();
  const up = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  return {
    count(trial: Trial) {
      for (const { record, rejection, results } of trial) {
        if (record.mishaps > 0) up('mishap');
        if (rejection) up('rejection');
        for (const { outcome, findings } of results) {
          up(outcome);
          for (const { action } of findings) up(action);
        }
      }
    },
    of: (what: string) => counts.get(what) ?? 0,
  };
}
