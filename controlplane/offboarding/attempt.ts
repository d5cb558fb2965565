import { stalledAfter } from '../queue/result.ts';
import type { Departure } from '../store/offboarding.ts';
import type { StackRecord } from '../store/stacks.ts';

/** What failures of a departure are counted for. One that a listing or a person changed is another, and tried anew. */
export const attemptAt = (
  { since, clearedAt, because }: Pick<Departure, 'since' | 'clearedAt' | 'because'>,
  what: Departure['what'],
): string => `departure ${what} ${since.toISOString()} ${clearedAt?.toISOString()} ${because}`;

/** Whether taking the stack away in this manner failed too often to be tried again by itself. Pure. */
export const isGivenUp = (
  stack: Pick<StackRecord, 'failures' | 'failedGeneration'> | undefined,
  departure: Parameters<typeof attemptAt>[0],
  what: Departure['what'],
): boolean =>
  stack !== undefined &&
  stack.failures >= stalledAfter &&
  stack.failedGeneration === attemptAt(departure, what);
