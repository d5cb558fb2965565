/** Transient failures in a row of each stack; forgotten at a restart, which costs some patience only. */
const transientFailures = new Map<string, number>();

/** Takes down a failure; how many in a row by now were of the way there: 0 where this one was the stack's own. */
export function noteFailure(key: string, transient: boolean): number {
  if (transient) transientFailures.set(key, (transientFailures.get(key) ?? 0) + 1);
  else transientFailures.delete(key);
  return transientFailures.get(key) ?? 0;
}

export const noteSuccess = (key: string): void => {
  transientFailures.delete(key);
};
