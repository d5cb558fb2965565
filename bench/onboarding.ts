import type { Client, RunWithStacks } from '../controlplane/cli/client.ts';
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
  for (let told = Date.now(); ; ) {
    const run = await client.run(id);
    if (run.state === 'succeeded') return run;
    if (run.state === 'failed') {
      const failed = run.stacks
        .filter(({ state }) => state === 'failed')
        .map(({ key, message }) => `${key}: ${message}`);
      throw new Error(`run ${id} failed: ${[run.message, ...failed].join('\n')}`);
    }
    if (Date.now() - told > 5_000) {
      told = Date.now();
      const done = run.stacks.filter(({ finishedAt }) => finishedAt).length;
      progress(`${done} of ${run.stacks.length} stacks`);
    }
    await new Promise((next) => setTimeout(next, 100));
  }
}

/** What a run of the whole organization should find: else it measures something else than it says. */
interface Expectation {
  readonly figure: string;
  readonly onlyChanged: boolean;
  readonly outcome: 'succeeded' | 'unchanged';
}

/** Measures one `POST /v1/reconcile` of everything by its run record. @throws where a stack's outcome is not as expected */
async function measure(
  client: Client,
  expected: Expectation,
  figures: Figures,
  progress: (line: string) => void,
) {
  progress(`${expected.figure} …`);
  const { id } = await client.reconcile({ onlyChanged: expected.onlyChanged });
  const run = await finished(client, id, progress);
  const stacks = run.stacks.filter(({ state }) => state !== 'skipped');
  const other = stacks.filter(({ state }) => state !== expected.outcome);
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

/** Onboards the organization from an empty state; unless `quick`, once more with nothing to change, in both ways. */
export async function measureOnboarding(
  client: Client,
  figures: Figures,
  options: { quick: boolean; progress: (line: string) => void },
): Promise<void> {
  const run = (figure: string, onlyChanged: boolean, outcome: Expectation['outcome']) =>
    measure(client, { figure, onlyChanged, outcome }, figures, options.progress);
  const stacks = await run('onboard the organization', false, 'succeeded');
  figures.add('stacks', stacks.length, 'count');
  figures.add('cells', stacks.filter(({ key }) => key.startsWith('region-')).length, 'count');
  if (options.quick) return;
  await run('reconcile, nothing to change', false, 'unchanged');
  await run('reconcile only what changed', true, 'unchanged');
}
