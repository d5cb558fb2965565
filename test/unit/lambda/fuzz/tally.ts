import type { Trial } from './trial.ts';

/** How often each case of the invariants occurred, so that none passes without a case. */
export interface Tally {
  count(trial: Trial): void;
  /** Of outcomes and actions of findings, of AWS calls that went wrong, and of invocations that rejected. */
  of(what: string): number;
}

export function createTally(): Tally {
  const counts = new Map<string, number>();
  const up = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  return {
    count(trial) {
      for (const { record, rejection, results } of trial) {
        if (record.mishaps > 0) up('mishap');
        if (rejection) up('rejection');
        for (const { outcome, findings } of results) {
          up(outcome);
          for (const { action } of findings) up(action);
        }
      }
    },
    of: (what) => counts.get(what) ?? 0,
  };
}
