import type { Client, VerificationView } from '../client/http.ts';
import { exits } from '../output/exits.ts';
import type { Screen } from '../output/progress.ts';
import { table } from '../output/table.ts';

const seconds = (milliseconds: number | null) =>
  milliseconds === null ? '-' : `${(milliseconds / 1000).toFixed(1)} s`;

/** The cells of a verification in a table with, below it, why each was not verified. Pure. */
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

/** Asks for a verification and follows it to its end; 3 where a cell was not verified. */
export async function verify(client: Client, scope: object, json: boolean, screen: Screen): Promise<number> {
  const { id } = await client.verify(scope);
  const shown = new Set<string>();
  for (;;) {
    const now = await client.verification(id);
    for (const cell of json ? [] : now.cells) {
      if (shown.has(cell.id) || !ended.has(cell.state)) continue;
      shown.add(cell.id);
      const why = cell.message ? `  ${cell.message}` : '';
      screen.write(`${cell.state.padEnd(9)} ${cell.accountId} ${cell.region}${why}\n`);
    }
    if (now.finishedAt) {
      screen.write(`${json ? JSON.stringify(now, null, 2) : `\n${renderVerification(now)}`}\n`);
      return now.cells.every(({ state }) => state === 'verified') ? exits.done : exits.differs;
    }
    await new Promise((next) => setTimeout(next, 500));
  }
}
