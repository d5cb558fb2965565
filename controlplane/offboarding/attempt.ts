import { stalledAfter } from '../queue/result.ts';
import type { Offboarding } from '../store/offboarding.ts';
import type { StackRecord } from '../store/stacks.ts';

/** Failures are counted per text: a new listing result or confirmation starts a new count. */
export const attemptAt = (
  { since, clearedAt, because }: Pick<Offboarding, 'since' | 'clearedAt' | 'because'>,
  what: Offboarding['what'],
): string => `offboarding ${what} ${since.toISOString()} ${clearedAt?.toISOString()} ${because}`;

/** Whether destroying or archiving the stack failed too often to be retried automatically. Pure. */
export const isGivenUp = (
  stack: Pick<StackRecord, 'failures' | 'failedGeneration'> | undefined,
  offboarding: Parameters<typeof attemptAt>[0],
  what: Offboarding['what'],
): boolean =>
  stack !== undefined &&
  stack.failures >= stalledAfter &&
  stack.failedGeneration === attemptAt(offboarding, what);
