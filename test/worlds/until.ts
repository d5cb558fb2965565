/** Waits until the condition holds. @throws after so many milliseconds */
export async function until(condition: () => boolean | Promise<boolean>, patienceMs = 60_000): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${patienceMs / 1000} s: ${condition}`);
    await new Promise((next) => setTimeout(next, 10));
  }
}
