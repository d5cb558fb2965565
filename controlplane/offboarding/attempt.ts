import { stalledAfter } from '../queue/result.ts';
import type { Offboarding } from '../store/offboarding.ts';
import type { StackRecord } from '../store/stacks.ts';

/** What failures of an offboarding are counted for. One that a listing or a person changed is another, and tried anew. */
export const attemptAt = (
  { since, clearedAt, because }: Pick<Offboarding, 'since' | 'clearedAt' | 'because'>,
  what: Offboarding['what'],
): string => `offboarding ${what} ${since.toISOString()} ${clearedAt?.toISOString()} ${because}`;

/** Whether taking the stack away in this manner failed too often to be tried again by itself. Pure. */
export const isGivenUp = (
  stack: Pick<StackRecord, 'failures' | 'failedGeneration'> | undefined,
  offboarding: Parameters<typeof attemptAt>[0],
  what: Offboarding['what'],
): boolean =>
  stack !== undefined &&
  stack.failures >= stalledAfter &&
  stack.failedGeneration === attemptAt(offboarding, what);
