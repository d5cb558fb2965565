import type { Clock } from '../../aws/clock.ts';
import { inTime } from '../../aws/deadline.ts';
import { describeError } from '../../aws/errors.ts';
import type { Log } from '../../aws/log.ts';
import type { Ledger } from '../../ledger/ledger.ts';

const patience = 1_000;
const restAfterFailure = 10_000;

export interface OptionalLedger {
  /** Undefined when the ledger fails, does not answer for a second, or did so within the last ten; the log says so. */
  ask<Value>(about: string, question: (ledger: Ledger) => Promise<Value>): Promise<Value | undefined>;
}

export function optionalLedger(ledger: Ledger, clock: Clock, log: Log): OptionalLedger {
  let restingUntil = 0;
  return {
    async ask(about, question) {
      if (clock.now().getTime() < restingUntil) return undefined;
      try {
        return await inTime(question(ledger), patience);
      } catch (error) {
        restingUntil = clock.now().getTime() + restAfterFailure;
        log('ledger-failed', { about, error: describeError(error) });
        return undefined;
      }
    },
  };
}
