import { PortcullisError } from '../../settings/errors.ts';
import type { SweepCell } from '../../store/sweeps/sweep.ts';
import type { Client, SweepView } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { silent } from '../output/progress.ts';
import { plain, table } from '../output/table.ts';
import { ask, exits, say, show, type Terminal } from '../output/terminal.ts';
import { sweepView } from '../sweep/progress.ts';
import { lookUntilEnd } from './looks.ts';
import { allOrAsked, requestOf } from './scope.ts';
import { type SweepValues, sweepStandalone } from './standalone-sweep.ts';

/** Options that only a sweep without the service has. */
const ofStandalone = ['policy', 'format', 'output'] as const;

/** The most cells to print; `GET /v1/sweeps/:id` lists the others. */
const mostCells = 50;

const placeOf = ({ accountId, region }: SweepCell) => `${accountId} ${region ?? '(every Region)'}`;

/** What a sweep read and found, with the cells that it could not read. Pure. */
export function renderSweep(sweep: SweepView, notChecked: readonly SweepCell[]): string {
  const { id, state, counts } = sweep;
  const { accountsInactive: inactive } = counts;
  const barred = counts.accountsNotChecked - inactive;
  const missing = counts.notChecked + counts.accountsNotChecked;
  const shown = notChecked.slice(0, mostCells).map((cell) => [placeOf(cell), plain(cell.reason ?? '')]);
  const more = missing - shown.length;
  return [
    ...(shown.length > 0 ? [table([['NOT CHECKED', 'REASON'], ...shown]), ''] : []),
    ...(more > 0 ? [`and ${more} more: GET /v1/sweeps/${id}?state=not-checked`, ''] : []),
    `sweep ${state}: ${counts.done} of ${counts.cells} cells read, ${counts.groups} security groups, ${counts.findings} findings, ${counts.undecided} rules undecided`,
    ...(inactive > 0 ? [`not active, so not read: ${inactive} accounts`] : []),
    missing === inactive
      ? 'every cell was read'
      : `not checked: ${counts.notChecked} cells, and every Region of ${barred} accounts; nothing in them counts as clean`,
    'list the findings: portcullis findings',
  ].join('\n');
}

/** The exit code as of a sweep without the service: an account that is not active has no cell to check. */
const exitOf = ({ state, counts }: SweepView): number => {
  if (state !== 'done') return exits.failed;
  if (counts.notChecked + counts.accountsNotChecked > counts.accountsInactive) return exits.incomplete;
  return counts.findings + counts.undecided > 0 ? exits.differs : exits.done;
};

/** Follows a sweep to its end, or until Ctrl-C; 3 if something is forbidden or in doubt, 4 if a cell was not checked. */
export async function followSweep(client: Client, id: string, terminal: Terminal): Promise<number> {
  const view = terminal.json ? silent : sweepView(terminal.screen);
  let last: SweepView | undefined;
  const exit = await lookUntilEnd(client, terminal, {
    look: () => client.sweepState(id),
    seen(now) {
      last = now;
      view.show(now.counts);
      if (!now.finishedAt) return undefined;
      view.end();
      return exitOf(now);
    },
    leave: view.end,
    work: () => ({
      ...{ noun: 'sweep', id, finishes: 'the cells in progress' },
      end: `portcullis cancel ${id}`,
    }),
  });
  if (!last?.finishedAt) return exit;
  const cells = await client.cellsNotChecked(id, mostCells);
  show(terminal, { ...last, cells }, (sweep) => renderSweep(sweep, cells));
  return exit;
}

/** Sweeps a scope, or the whole organization with `--all`; without `--no-wait`, to its end. */
export async function sweep(terminal: Terminal, values: SweepValues): Promise<number> {
  if (values.standalone) return sweepStandalone(terminal, values);
  const [alone] = ofStandalone.filter((name) => values[name] !== undefined);
  if (alone) throw new PortcullisError('invalid-request', `--${alone} needs --standalone`);
  const scope = requestOf(values);
  if (!(await allOrAsked('sweep', values, ask))) {
    say(terminal, 'nothing was swept');
    return exits.usage;
  }
  return withClient(async (client) => {
    const begun = await client.sweep(scope);
    if (values.wait !== false || client.ownService) return followSweep(client, begun.id, terminal);
    show(terminal, begun, ({ id }) => `sweep ${id} has begun; follow it: portcullis follow ${id}`);
    return exits.done;
  });
}
