import type { Run } from '../../store/runs.ts';
import { wholeNumber } from '../arguments/values.ts';
import { type Client, ifFound } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { plain, table } from '../output/table.ts';
import { ask, exits, say, show, type Terminal } from '../output/terminal.ts';
import { renderLeftOut } from './confirmations.ts';
import { follow } from './follow.ts';
import { allOrAsked, requestOf, type ScopeValues } from './scope.ts';

interface RunValues extends ScopeValues {
  readonly onlyChanged?: boolean;
  readonly wave?: readonly string[];
  readonly parallel?: string;
  readonly maxFailures?: string;
  readonly maxFailurePercent?: string;
}

/** The rollout options of a request, if any are given. @throws `invalid-request` */
function rolloutOf(values: RunValues): { rollout?: object } {
  const given = {
    waves: values.wave,
    parallel: wholeNumber('--parallel', values.parallel),
    maxFailures: wholeNumber('--max-failures', values.maxFailures),
    maxFailurePercent: wholeNumber('--max-failure-percent', values.maxFailurePercent),
  };
  return Object.values(given).some((value) => value !== undefined) ? { rollout: given } : {};
}

const bodyOf = (values: RunValues, preview: boolean) => ({
  ...requestOf(values),
  ...rolloutOf(values),
  preview,
  onlyChanged: values.onlyChanged ?? false,
});

/** Requests a run and follows it to its end. */
export async function reconcile(terminal: Terminal, values: RunValues): Promise<number> {
  const body = bodyOf(values, false);
  if (!(await allOrAsked('reconcile', values, ask))) {
    say(terminal, 'nothing was changed');
    return exits.usage;
  }
  return withClient(async (client) => follow(client, (await client.reconcile(body)).id, terminal));
}

/** Requests a preview, follows it, and shows its plan and the stacks that the settings leave out. */
export async function preview(terminal: Terminal, values: RunValues): Promise<number> {
  const body = bodyOf(values, true);
  return withClient(async (client) => {
    const exit = await follow(client, (await client.reconcile(body)).id, terminal);
    if (!terminal.json && exit !== exits.interrupted)
      terminal.screen.write(renderLeftOut(await client.scope()));
    return exit;
  });
}

/** Pauses, resumes or cancels a run. */
const control = (verb: Parameters<Client['control']>[1]) => (terminal: Terminal, _: unknown, id: string) =>
  withClient(async (client) => {
    show(terminal, await client.control(id, verb), ({ state }) => `run ${id} is ${state}`);
    return exits.done;
  });
export const pause = control('pause');
export const resume = control('resume');

/** Cancels the run or the sweep with an id. */
export const cancel = (terminal: Terminal, _: unknown, id: string) =>
  withClient(async (client) => {
    const run = await ifFound(client.control(id, 'cancel'));
    if (run) show(terminal, run, ({ state }) => `run ${id} is ${state}`);
    else show(terminal, await client.cancelSweep(id), ({ state }) => `sweep ${id} is ${state}`);
    return exits.done;
  });

/** The latest runs, newest first. Pure. */
export function renderRuns(runs: readonly Run[]): string {
  if (runs.length === 0) return 'no run yet';
  const head = ['RUN', 'KIND', 'STATE', 'ASKED BY', 'CREATED', 'MESSAGE'];
  const rows = runs.map(({ id, kind, state, requestedBy, createdAt, message }) => {
    const created = new Date(createdAt).toISOString().slice(0, 19);
    return [id, kind, state, requestedBy, created, message ?? ''].map(plain);
  });
  return table([head, ...rows]);
}
