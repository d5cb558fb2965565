import { isThrottlingText, isTransient } from '../../aws/errors.ts';

/** Pauses before an account or cell that refused its read is read again, milliseconds. Then it is not checked. */
const refusedMs = [5_000, 30_000];
const firstMs = 5_000;
const longestMs = 300_000;
/** Reads without an answer, such as of a Region that no route leads to, over more than half an hour. */
const unanswered = 12;
/** Throttled reads, over more than a day: in an account that is throttled without end, its cells are not checked then. */
const throttled = 294;

/** After how many milliseconds a cell is read again whose read failed so often; undefined: it is not checked. Pure. */
export function againAfter(attempts: number, reason: string): number | undefined {
  const growing = Math.min(longestMs, firstMs * 2 ** attempts);
  if (isThrottlingText(reason)) return attempts < throttled ? growing : undefined;
  if (isTransient(reason)) return attempts < unanswered ? growing : undefined;
  return refusedMs[attempts];
}
