import type { Client, VerificationView } from '../client/http.ts';
import { exits } from '../output/exits.ts';
import type { Screen } from '../output/progress.ts';
import { table } from '../output/table.ts';

const seconds = (milliseconds: number | null) =>
  milliseconds === null ? '-' : `${(milliseconds / 1000).toFixed(1)} s`;

/** The cells of a verification in a table with, below it, why each was not proven. Pure. */
export function renderVerification({ cells }: Pick<VerificationView, 'cells'>): string {
  const head = ['ACCOUNT', 'REGION', 'PROVEN', 'CLOSED AFTER', 'RECORDED AFTER'];
  const rows = cells.map(({ accountId, region, state, kind, milliseconds, recordedMilliseconds }) => [
    ...[accountId, region, state === 'proven' ? (kind ?? 'yes') : state === 'failed' ? 'no' : '?'],
    ...[kind === 'path' ? '-' : seconds(milliseconds), seconds(recordedMilliseconds)],
  ]);
  const remarks = cells.flatMap(({ accountId, region, message }) =>
    message ? [`${accountId} ${region}: ${message}`] : [],
  );
  const proven = cells.filter(({ state }) => state === 'proven').length;
  return [
    table([head, ...rows]),
    ...(remarks.length > 0 ? ['', ...remarks] : []),
    '',
    `${proven} of ${cells.length} cells proven`,
  ].join('\n');
}

const ended = new Set(['proven', 'failed']);

/** Asks for a verification and follows it to its end; 3 where a cell was not proven. */
export async function verify(client: Client, scope: object, json: boolean, screen: Screen): Promise<number> {
  const { id } = await client.verify(scope);
  const told = new Set<string>();
  for (;;) {
    const now = await client.verification(id);
    for (const cell of json ? [] : now.cells) {
      if (told.has(cell.id) || !ended.has(cell.state)) continue;
      told.add(cell.id);
      const why = cell.message ? `  ${cell.message}` : '';
      screen.write(`${cell.state.padEnd(7)} ${cell.accountId} ${cell.region}${why}\n`);
    }
    if (now.finishedAt) {
      screen.write(`${json ? JSON.stringify(now, null, 2) : `\n${renderVerification(now)}`}\n`);
      return now.cells.every(({ state }) => state === 'proven') ? exits.done : exits.differs;
    }
    await new Promise((next) => setTimeout(next, 500));
  }
}
