/**
 * Runs work one at a time for each key; different keys run side by side. Work asked for while the key is busy waits
 * for its turn. In one process only.
 */
export function keyedTurns(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(key) ?? Promise.resolve();
    const turn = before.then(work, work);
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    last.set(key, settled);
    settled.finally(() => last.get(key) === settled && last.delete(key)).catch(() => undefined);
    return turn;
  };
}
