import type { Client, VerificationView } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { table } from '../output/table.ts';
import { ask, exits, say, show, type Terminal } from '../output/terminal.ts';
import { lookUntilEnd } from './looks.ts';
import { allOrAsked, requestOf, type ScopeValues } from './scope.ts';

const seconds = (milliseconds: number | null) =>
  milliseconds === null ? '-' : `${(milliseconds / 1000).toFixed(1)} s`;

/** The cells of a verification in a table, and below it why each was not verified. Pure. */
export function renderVerification({ cells }: Pick<VerificationView, 'cells'>): string {
  const head = ['ACCOUNT', 'REGION', 'VERIFIED', 'CLOSED AFTER', 'RECORDED AFTER'];
  const rows = cells.map(({ accountId, region, state, kind, milliseconds, recordedMilliseconds }) => [
    ...[accountId, region, state === 'verified' ? (kind ?? 'yes') : state === 'failed' ? 'no' : '?'],
    ...[kind === 'path' ? '-' : seconds(milliseconds), seconds(recordedMilliseconds)],
  ]);
  const remarks = cells.flatMap(({ accountId, region, message }) =>
    message ? [`${accountId} ${region}: ${message}`] : [],
  );
  const verified = cells.filter(({ state }) => state === 'verified').length;
  return [
    table([head, ...rows]),
    ...(remarks.length > 0 ? ['', ...remarks] : []),
    '',
    `${verified} of ${cells.length} cells verified`,
  ].join('\n');
}

const ended = new Set(['verified', 'failed']);

/** Follows a verification to its end, or until Ctrl-C; exit code 3 if a cell was not verified. */
export function followVerification(client: Client, id: string, terminal: Terminal): Promise<number> {
  const shown = new Set<string>();
  return lookUntilEnd(client, terminal, {
    look: () => client.verification(id),
    seen(now) {
      for (const cell of now.cells) {
        if (shown.has(cell.id) || !ended.has(cell.state)) continue;
        shown.add(cell.id);
        const why = cell.message ? `  ${cell.message}` : '';
        say(terminal, `${cell.state.padEnd(9)} ${cell.accountId} ${cell.region}${why}`);
      }
      if (!now.finishedAt) return undefined;
      show(terminal, now, (view) => `\n${renderVerification(view)}`);
      return now.cells.every(({ state }) => state === 'verified') ? exits.done : exits.differs;
    },
    work: () => ({ noun: 'verification', id }),
  });
}

/** Requests a verification and follows it to its end. */
export async function verifyCells(client: Client, scope: object, terminal: Terminal): Promise<number> {
  return followVerification(client, (await client.verify(scope)).id, terminal);
}

/** Verifies the cells of a scope, or of the whole organization with `--all`. */
export async function verify(terminal: Terminal, values: ScopeValues): Promise<number> {
  const scope = requestOf(values);
  if (!(await allOrAsked('verify', values, ask))) {
    say(terminal, 'nothing was verified');
    return exits.usage;
  }
  return withClient((client) => verifyCells(client, scope, terminal));
}
