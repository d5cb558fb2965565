import { fraction } from '../../sandbox/gateway/faults.ts';

const number = (name: string, otherwise: number): number => {
  const given = process.env[name];
  if (!given) return otherwise;
  const value = Number(given);
  if (!Number.isFinite(value) || value < 0) throw new Error(`${name} must be a number, not ${given}`);
  return value;
};

/** How hard and how long, by the environment. */
export const plan = {
  seed: number('FAULT_SEED', Math.floor(Math.random() * 2 ** 31)),
  /** Kills in all, and in one roll-out. */
  kills: number('FAULT_KILLS', 100),
  killsEach: number('FAULT_KILLS_EACH', 10),
  accounts: number('FAULT_ACCOUNTS', 20),
  regions: number('FAULT_REGIONS', 4),
  /** The fleet of the tests that have another fault than a kill. */
  small: { accounts: number('FAULT_ACCOUNTS', 4), regions: number('FAULT_REGIONS', 3) },
  /** Seconds that something is put off at most; any less is as likely. */
  gapSeconds: number('FAULT_GAP_SECONDS', 5),
  /** Seconds that a roll-out may take. */
  patienceSeconds: number('FAULT_PATIENCE_SECONDS', 1800),
};

/** Numbers in [0, 1), the same ones for the same seed and name. */
export function dice(name: string, seed = plan.seed): () => number {
  let drawn = 0;
  return () => {
    drawn += 1;
    return fraction(seed, name, drawn);
  };
}

/** A line of the suite's own, past the reporter. */
export const say = (line: string): void => {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
};
