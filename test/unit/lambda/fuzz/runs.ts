/**
 * How many trials a property makes: the full count where `FUZZ` is `full`, as in `npm run test:faults`, else the
 * quick one of `npm test`. It is printed, so that a report says what was tried.
 */
export function trials(what: string, { quick, full }: { quick: number; full: number }): number {
  const runs = process.env.FUZZ === 'full' ? full : quick;
  console.log(`${what}: ${runs} trials`);
  return runs;
}
