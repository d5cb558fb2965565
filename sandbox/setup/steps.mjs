import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { takeLock } from './lock.mjs';

/**
 * One thing that set-up makes once. `make` may find the rest of an interrupted run.
 * @typedef {object} Step
 * @property {string} id names the stamp
 * @property {string} name what a person reads
 * @property {() => string} pin changes when the step has to run again
 * @property {(value: StepValue) => boolean} holds whether what the stamp speaks of is still there (cheap)
 * @property {(progress: (text: string) => void) => Promise<StepValue>} make
 */

/**
 * What a step found or made: `path` is its main file, `summary` is what a person reads.
 * @typedef {{ path: string, summary: string, fingerprint?: string }} StepValue
 */

/**
 * @typedef {object} Reporter
 * @property {(name: string) => { progress: (text: string) => void, end: (summary: string) => void, fail: () => void }} start
 * @property {(summaries: string[]) => void} ready every step was in place
 * @property {(text: string) => void} note
 */

/**
 * Brings every step about, in order, and returns their values by id. A step whose stamp holds its present
 * pin is not run again. The stamp goes before the step starts and comes back as its last act, so an
 * interrupted step runs again. Concurrent runs on one folder wait for each other, except where all is in place.
 * @param {Step[]} steps
 * @param {string} directory holds stamps and lock
 * @param {Reporter} reporter
 * @returns {Promise<Record<string, StepValue>>}
 * @throws {import('./setup-error.mjs').SetupError} where a step cannot be done here
 */
export async function ensureSteps(steps, directory, reporter) {
  /** @type {Record<string, StepValue>} */
  const values = {};
  /** @type {(() => void) | undefined} */
  let release;
  const releaseAtExit = () => release?.();
  process.once('exit', releaseAtExit);
  try {
    for (const step of steps) {
      let value = stampedValue(step, directory);
      if (!value && !release) {
        release = await takeLock(path.join(directory, 'setup.lock'), (pid) => {
          reporter.note(`process ${pid} is setting up this folder; waiting for it`);
        });
        value = stampedValue(step, directory);
      }
      values[step.id] = value ?? (await runStep(step, directory, reporter));
    }
  } finally {
    release?.();
    process.off('exit', releaseAtExit);
  }
  if (!release) reporter.ready(Object.values(values).map((value) => value.summary));
  return values;
}

/**
 * @param {Step} step
 * @param {string} directory
 * @param {Reporter} reporter
 */
async function runStep(step, directory, reporter) {
  const file = stampFile(step, directory);
  rmSync(file, { force: true });
  const line = reporter.start(step.name);
  try {
    const pin = step.pin();
    const value = await step.make(line.progress);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.draft`, JSON.stringify({ pin, value }));
    renameSync(`${file}.draft`, file);
    line.end(value.summary);
    return value;
  } catch (error) {
    line.fail();
    throw error;
  }
}

/**
 * @param {Step} step
 * @param {string} directory
 * @returns {StepValue | undefined}
 */
export function stampedValue(step, directory) {
  let text;
  try {
    text = readFileSync(stampFile(step, directory), 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
  const stamp = parseStamp(text);
  return stamp?.pin === step.pin() && step.holds(stamp.value) ? stamp.value : undefined;
}

/**
 * @param {string} text
 * @returns {{ pin: string, value: StepValue } | undefined}
 */
function parseStamp(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a power cut can leave an empty file: the step runs again
  }
}

/**
 * @param {Step} step
 * @param {string} directory
 */
function stampFile(step, directory) {
  return path.join(directory, 'stamps', `${step.id}.json`);
}
