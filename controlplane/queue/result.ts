import type { Reason } from '../stacks/conditions.ts';

/** The result of a reconcile. It alone decides when the key is reconciled again. */
export type Result =
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

export const requeueAfter = <R extends Reason>(requeueAfterMs: number, reason: R, message: string) =>
  ({ kind: 'requeueAfter', requeueAfterMs, reason, message }) as const satisfies Result;

/** Counted failures in a row until a stack is `Stalled`. */
export const stalledAfter = 5;

const firstBackoffMs = 5_000;
const longestBackoffMs = 10 * 60_000;

/**
 * Delay after this many failures in a row, in milliseconds: doubled from 5 s up to 10 minutes, of which a random part
 * of at least half is used, so that keys that failed together spread out.
 */
export function backoffMs(
  failures: number,
  random: () => number = Math.random,
  first = firstBackoffMs,
): number {
  const whole = Math.min(longestBackoffMs, first * 2 ** Math.min(20, Math.max(0, failures - 1)));
  return Math.round(whole * (0.5 + random() / 2));
}

/** Added at a lock of another process: five tries then last as long as a manual `pulumi up` (5 to 10 minutes). */
export const lockPatience = 3;

/** The period ± 10 %, so that keys created together spread out. */
export const jittered = (ms: number, random: () => number = Math.random): number =>
  Math.round(ms * (0.9 + random() / 5));
