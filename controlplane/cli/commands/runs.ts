import { PortcullisError } from '../../settings/errors.ts';
import type { Run } from '../../store/runs.ts';
import type { Client, RunWithStacks } from '../client/http.ts';
import { exits } from '../output/exits.ts';
import { progressView, type Screen } from '../output/progress.ts';
import { table } from '../output/table.ts';

async function follow(client: Client, id: string, screen: Screen): Promise<RunWithStacks> {
  const view = progressView(screen);
  for (;;) {
    const run = await client.run(id);
    view.show(run);
    if (run.finishedAt || run.state === 'paused') {
      view.end();
      return run;
    }
    await new Promise((done) => setTimeout(done, 500));
  }
}

/** Of a paused run what is to be done about it. */
function summarise(run: RunWithStacks): { text: string; exit: number } {
  const count = (state: string) => run.stacks.filter((stack) => stack.state === state).length;
  const changed = count('succeeded');
  const verb = run.kind === 'preview' ? 'would change' : 'changed';
  const unreachable = count('unreachable') > 0 ? `, ${count('unreachable')} unreachable` : '';
  const text = `${run.kind} ${run.state}: ${changed} ${verb}, ${count('unchanged')} unchanged, ${count('failed')} failed${unreachable}, ${count('skipped')} skipped${run.message ? ` (${run.message})` : ''}`;
  const mend = `\nlet it go on, or end it: portcullis resume ${run.id} | portcullis cancel ${run.id}`;
  if (run.state === 'paused') return { text: text + mend, exit: exits.failed };
  if (run.state !== 'succeeded') return { text, exit: exits.failed };
  return { text, exit: run.kind === 'preview' && changed > 0 ? exits.differs : exits.done };
}

/** Follows a run to its end, or until it waits for a person; the exit code. */
export async function ended(client: Client, id: string, screen: Screen): Promise<number> {
  const { text, exit } = summarise(await follow(client, id, screen));
  screen.write(`${text}\n`);
  return exit;
}

interface RolloutOptions {
  readonly wave?: string[] | undefined;
  readonly parallel?: string | undefined;
  readonly 'max-failures'?: string | undefined;
  readonly 'max-failure-percent'?: string | undefined;
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new PortcullisError('invalid-request', `--${name} must be a whole number, not ${text}`);
}

/** The part of a request that says how the run is rolled out, where anything was said. @throws `invalid-request` */
export function rolloutOf(values: RolloutOptions): { rollout?: object } {
  const given = {
    waves: values.wave,
    parallel: numberOf('parallel', values.parallel),
    maxFailures: numberOf('max-failures', values['max-failures']),
    maxFailurePercent: numberOf('max-failure-percent', values['max-failure-percent']),
  };
  const rollout = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return Object.keys(rollout).length > 0 ? { rollout } : {};
}

/** Pauses, resumes or cancels a run. */
export async function controlRun(
  client: Client,
  verb: 'pause' | 'resume' | 'cancel',
  id: string,
  screen: Screen,
): Promise<number> {
  const { state } = await client.control(id, verb);
  screen.write(`run ${id} is ${state}\n`);
  return exits.done;
}

/** The latest runs, newest first. Pure. */
export function renderRuns(runs: readonly Run[]): string {
  if (runs.length === 0) return 'no run yet';
  const head = ['RUN', 'KIND', 'STATE', 'ASKED BY', 'CREATED', 'MESSAGE'];
  return table([
    head,
    ...runs.map(({ id, kind, state, requestedBy, createdAt, message }) => [
      ...[id, kind, state, requestedBy, new Date(createdAt).toISOString().slice(0, 19)],
      message ?? '',
    ]),
  ]);
}
