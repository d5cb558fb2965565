import type { Client, RunWithStacks } from '../controlplane/cli/client/http.ts';
import { type Figures, median, percentile } from './figures.ts';

const milliseconds = (from: Date | null, to: Date | null): number => {
  if (!from || !to) throw new Error('the run holds no start or no end');
  return new Date(to).getTime() - new Date(from).getTime();
};

async function finished(
  client: Client,
  id: string,
  progress: (line: string) => void,
): Promise<RunWithStacks> {
  for (let reported = Date.now(); ; ) {
    const run = await client.run(id);
    if (run.state === 'succeeded') return run;
    if (run.state !== 'queued' && run.state !== 'running') {
      const failed = run.stacks
        .filter(({ state }) => state === 'failed')
        .map(({ key, message }) => `${key}: ${message}`);
      throw new Error(`run ${id} is ${run.state}: ${[run.message, ...failed].join('\n')}`);
    }
    if (Date.now() - reported > 5_000) {
      reported = Date.now();
      const done = run.stacks.filter(({ finishedAt }) => finishedAt).length;
      progress(`${done} of ${run.stacks.length} stacks`);
    }
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** What a run of the whole organization should find: else it measures something else than it says. */
interface Expectation {
  readonly figure: string;
  /** The id of the run to measure. */
  begin(): Promise<string>;
  readonly outcome: 'succeeded' | 'unchanged';
}

/** The run that the service starts automatically for new accounts. */
async function onboardingRun(client: Client): Promise<string> {
  for (;;) {
    const run = (await client.runs()).find(({ requestedBy }) => requestedBy === 'onboarding');
    if (run) return run.id;
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** Measures one run over everything by its record. @throws where a stack's outcome is not as expected */
async function measure(
  client: Client,
  expected: Expectation,
  figures: Figures,
  progress: (line: string) => void,
) {
  progress(`${expected.figure} …`);
  const run = await finished(client, await expected.begin(), progress);
  const stacks = run.stacks.filter(({ state }) => state !== 'skipped');
  // The hub is begun at once when the service starts, whichever run it is in.
  const other = stacks.filter(({ key, state }) => key !== 'hub' && state !== expected.outcome);
  if (other.length > 0) {
    throw new Error(`${expected.figure}: ${other.map(({ key, state }) => `${key} ${state}`).join(', ')}`);
  }
  const wall = milliseconds(run.startedAt, run.finishedAt);
  const each = stacks.map(({ startedAt, finishedAt }) => milliseconds(startedAt, finishedAt));
  figures.add(expected.figure, wall / 1000, 's');
  figures.add(`${expected.figure}: wall time per stack`, wall / stacks.length, 'ms');
  figures.add(`${expected.figure}: one stack, median`, median(each), 'ms');
  figures.add(`${expected.figure}: one stack, 99th percentile`, percentile(each, 99), 'ms');
  return stacks;
}

/**
 * Onboards the organization from an empty state, which the service does automatically; unless `quick`, then again
 * without changes, in both ways.
 */
export async function measureOnboarding(
  client: Client,
  figures: Figures,
  options: { quick: boolean; progress: (line: string) => void },
): Promise<void> {
  const run = (figure: string, begin: Expectation['begin'], outcome: Expectation['outcome']) =>
    measure(client, { figure, begin, outcome }, figures, options.progress);
  const reconcile = (onlyChanged: boolean) => async () => (await client.reconcile({ onlyChanged })).id;
  const stacks = await run('onboard the organization', () => onboardingRun(client), 'succeeded');
  figures.add('stacks', stacks.length, 'count');
  figures.add('cells', stacks.filter(({ key }) => key.startsWith('region-')).length, 'count');
  if (options.quick) return;
  await run('reconcile, nothing to change', reconcile(false), 'unchanged');
  await run('reconcile only what changed', reconcile(true), 'unchanged');
}
