import { takeLock } from './lock.mjs';
import { repository } from './repository.mjs';

/** @typedef {{ version: string, path: string }} Found */

/**
 * One thing that set-up provides. There is no record of what was made: `find` reads the machine, so a step that was
 * interrupted, or whose result was deleted, is made again.
 * @typedef {object} Step
 * @property {string} name
 * @property {() => Found | string | Promise<Found | string>} find what this machine has, or why that does not do
 * @property {(progress: (text: string) => void) => Promise<string | undefined>} [make] makes it; answers with the
 * reason and the fix where it cannot be made here
 * @property {boolean} [optional] set-up goes on without it
 */

/** A step cannot be made here; the message says why, and what a person can do. */
export class SetupError extends Error {}

/** @param {string} text */
const say = (text) => process.stderr.write(`set-up: ${text}\n`);

/**
 * Makes the steps that are missing, in order, and returns what each found. Processes that set up one repository at the
 * same time wait for each other, except where nothing is missing.
 * @param {Step[]} steps
 * @param {string} lock
 * @returns {Promise<Map<Step, Found>>}
 * @throws {SetupError} where a step cannot be made
 */
export async function ensure(steps, lock = repository) {
  /** @type {Map<Step, Found>} */
  const all = new Map();
  /** @type {(() => void) | undefined} */
  let release;
  try {
    for (const step of steps) {
      let found = await step.find();
      if (typeof found === 'string') {
        release ??= await takeLock(lock, (port) =>
          say(
            `waiting until port ${port} of 127.0.0.1 is free. Another set-up of this folder has it, or another program, which you have to stop (\`lsof -i tcp:${port}\` shows which one). Ctrl-C ends the wait.`,
          ),
        );
        found = await step.find(); // that process may have made it
      }
      const result = typeof found === 'string' ? await make(step, found) : found;
      if (result) all.set(step, result);
    }
  } finally {
    release?.();
  }
  const texts = [...all].map(([{ name }, { version }]) => `${name} ${version}`.trim());
  say(`in place: ${texts.join(', ')}`);
  return all;
}

/**
 * Makes one step. A line at the start, every 10 s and at the end says what it does and for how long.
 * @param {Step} step
 * @param {string} missing why what this machine has does not do
 */
async function make(step, missing) {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  let doing = 'starting';
  say(`${step.name} ...`);
  const timer = setInterval(() => say(`${step.name}: ${seconds()}, ${doing}`), 10_000);
  /** @param {string} text */
  const progress = (text) => {
    doing = text;
  };
  /** @type {string | undefined} */
  let failure = missing;
  try {
    if (step.make) failure = await step.make(progress);
  } finally {
    clearInterval(timer);
  }
  const found = failure ?? (await step.find());
  if (typeof found !== 'string') {
    say(`${step.name}: done (${seconds()})`);
    return found;
  }
  if (!step.optional) throw new SetupError(`${step.name}: ${found}`);
  say(`${step.name}: going on without it: ${found}`);
  return undefined;
}
