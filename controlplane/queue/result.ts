import type { Reason } from '../stacks/conditions.ts';

/** What a reconcile of a key came to, which alone decides when the key is looked at again. */
export type Result =
  /** As it should be; looked at again after `againMs`, or when something wakes the key. */
  | { readonly kind: 'ok'; readonly requeueAfterMs?: number }
  /** Something else must be there first. Never counted as a failure. */
  | {
      readonly kind: 'requeueAfter';
      readonly requeueAfterMs: number;
      readonly reason: Reason;
      readonly message: string;
    }
  /** It went wrong; tried again with backoff. `counted` failures in a row lead to `Stalled`. */
  | { readonly kind: 'error'; readonly failures: number; readonly message: string }
  /** Trying again cannot help until something changes or a person asks. */
  | {
      readonly kind: 'terminal';
      readonly reason: Reason;
      readonly message: string;
      readonly requeueAfterMs?: number;
    };

/** Counted failures in a row after which a stack is `Stalled`. */
export const stalledAfter = 5;

const firstBackoffMs = 5_000;
const longestBackoffMs = 10 * 60_000;

/**
 * How long to leave a key alone after so many failures in a row, in milliseconds: doubled each time, from 5 s up to
 * 10 minutes, and then anywhere between half of that and all of it, so that keys that failed together come apart.
 */
export function backoffMs(
  failures: number,
  random: () => number = Math.random,
  first = firstBackoffMs,
): number {
  const whole = Math.min(longestBackoffMs, first * 2 ** Math.min(20, Math.max(0, failures - 1)));
  return Math.round(whole * (0.5 + random() / 2));
}

/**
 * What a failure at a lock that another process holds adds to the failures that its wait goes by: five tries take five
 * to ten minutes, as long as a person's `pulumi up` may take.
 */
export const lockPatience = 3;

/** A period give or take a tenth, so that keys made together are not looked at together for ever. */
export const jittered = (ms: number, random: () => number = Math.random): number =>
  Math.round(ms * (0.9 + random() / 5));
