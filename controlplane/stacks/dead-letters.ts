import type { Condition } from './conditions.ts';

/** What a dead-letter queue was found to hold; with `error`, it could not be read. */
export interface DeadLetters {
  /** When it was read, ISO 8601. */
  readonly at: string;
  readonly count?: number | undefined;
  readonly error?: string | undefined;
}

interface Reading {
  /** The queue, as a person finds it. */
  readonly queue: string;
  readonly deadLetters: DeadLetters;
}

/** Whether every event of these queues was delivered: False where one holds a dead letter. Pure. */
export function deliveryCondition(readings: readonly Reading[]): Omit<Condition, 'since'> | undefined {
  if (readings.length === 0) return undefined;
  const found = readings.filter(({ deadLetters }) => (deadLetters.count ?? 0) > 0);
  if (found.length > 0) {
    const queues = found.map(({ queue, deadLetters }) => `${deadLetters.count} in ${queue}`).join(', ');
    const message = `events were not delivered: ${queues}; docs/verify.md says how to read them`;
    return { status: 'False', reason: 'DeadLettersFound', message };
  }
  const unread = readings.filter(({ deadLetters }) => deadLetters.error !== undefined);
  if (unread.length > 0) {
    const why = unread.map(({ queue, deadLetters }) => `${queue}: ${deadLetters.error}`).join('; ');
    return { status: 'Unknown', reason: 'CheckFailed', message: why };
  }
  return { status: 'True', reason: 'NoDeadLetters', message: `${readings.length} queues are empty` };
}
