import type { ExceptionView } from '../../remediations/exception-view.ts';
import { plain, table } from '../output/table.ts';

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
