/** What `read` gives, read at most once in so many milliseconds: concurrent callers share a read. A failure is not kept. */
export function fresh<T>(milliseconds: number, read: () => Promise<T>): () => Promise<T> {
  let held: Promise<T> | undefined;
  let until = 0;
  return () => {
    if (held && performance.now() < until) return held;
    until = performance.now() + milliseconds;
    const asked = read();
    held = asked;
    asked.catch(() => {
      if (held === asked) held = undefined;
    });
    return asked;
  };
}
