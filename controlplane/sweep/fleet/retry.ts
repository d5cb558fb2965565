import { isThrottlingText, isTransient } from '../../aws/errors.ts';

/** Pauses before an account or cell that refused its read is read again, milliseconds. Then it is not checked. */
const refusedMs = [5_000, 30_000];
const firstMs = 5_000;
const longestMs = 300_000;
/** Reads without an answer, such as of a Region that no route leads to, over more than half an hour. */
const unanswered = 12;

/**
 * After how many milliseconds a cell is read again whose read failed for so many times; undefined: it is not checked. A
 * throttled one is read again until it answers. Pure.
 */
export function againAfter(attempts: number, reason: string): number | undefined {
  const growing = Math.min(longestMs, firstMs * 2 ** attempts);
  if (isThrottlingText(reason)) return growing;
  if (isTransient(reason)) return attempts < unanswered ? growing : undefined;
  return refusedMs[attempts];
}
