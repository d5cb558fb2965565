import type { ExceptionView } from '../../remediations/exception-view.ts';
import { withClient } from '../client/service.ts';
import { plain, table } from '../output/table.ts';
import { say, type Terminal } from '../output/terminal.ts';
import { follow } from './follow.ts';

/** Exceptions with their state; those that ended are left out. Pure. */
export function renderExceptions(exceptions: readonly ExceptionView[]): string {
  const rows = exceptions
    .filter(({ state }) => state !== 'ended')
    .map(({ name, state, expires, kept, owner, ticket, why }) =>
      [name, state, expires ?? 'permanent', kept, owner, ticket, why].map(plain),
    );
  if (rows.length === 0) return 'no exceptions';
  return table([['NAME', 'STATE', 'EXPIRES', 'KEPT', 'OWNER', 'TICKET', 'WHY'], ...rows]);
}

/** Ends a stored exception and follows the run that updates the hub without it. */
export const endException = (terminal: Terminal, _: unknown, name: string): Promise<number> =>
  withClient(async (client) => {
    const { exception, run } = await client.endException(name);
    say(terminal, `${exception.name} ended; the hub is updated without it`);
    return follow(client, run.id, terminal);
  });
