/** A cache of the most recently used entries. An entry that was dropped is made again when it is next needed. */
export function latest<T>(most: number) {
  const kept = new Map<string, T>();
  return (key: string, make: () => T): T => {
    const found = kept.get(key) ?? make();
    kept.delete(key);
    kept.set(key, found);
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    return found;
  };
}
