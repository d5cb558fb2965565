import { PortcullisError } from '../../settings/errors.ts';
import { auditedActs } from '../../store/audit/acts.ts';
import type { AuditLine } from '../../store/audit/lines.ts';
import type { AuditCheck } from '../../store/audit/seals.ts';
import { oneOf, wholeNumber } from '../arguments/values.ts';
import type { Client } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { plain, table } from '../output/table.ts';
import { exits, show, type Terminal, writePart } from '../output/terminal.ts';

const filters = ['since', 'until', 'who', 'what', 'account', 'after', 'limit'] as const;

type Values = Partial<Record<(typeof filters)[number], string>> & {
  readonly jsonl?: boolean;
  readonly verify?: boolean;
};

const short = (details: AuditLine['details']): string =>
  Object.entries(details)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
    .slice(0, 160);

/** Lines of the audit log, newest first. Pure. */
export function renderAudit(lines: readonly AuditLine[]): string {
  if (lines.length === 0) return 'no lines match';
  const rows = lines.map(({ id, at, who, what, details }) =>
    [id, `${at.slice(0, 19)}Z`, who, what, short(details)].map(plain),
  );
  return table([['ID', 'TIME', 'WHO', 'WHAT', 'DETAILS'], ...rows]);
}

/** The result of the check of the seals, with what to do. Pure. */
export function renderCheck({ intact, seals, lines, unsealed, last, broken }: AuditCheck): string {
  const open = unsealed > 0 ? `; ${unsealed} newer lines are under no seal yet` : '';
  if (intact)
    return last
      ? `intact: ${lines} lines under ${seals} seals${open}\nlast seal: through line ${last.through}, ${last.hash}\ncompare it with the service's log: the line "audit sealed" of that moment`
      : `no line is sealed yet${open}; the standing service seals after five minutes`;
  return `NOT INTACT: lines ${broken?.after} to ${broken?.through}: ${broken?.why}
The database was changed by hand. Keep it as it is, compare it with the last export, and read docs/audit.md.`;
}

async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const text of texts) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
}

async function exportLines(client: Client, query: URLSearchParams, terminal: Terminal): Promise<number> {
  let last: string | undefined;
  try {
    for await (const line of linesOf(client.auditExport(query))) {
      last = line;
      await writePart(terminal, `${line}\n`);
    }
  } catch (error) {
    if (error instanceof PortcullisError) throw error;
    const id = last === undefined ? query.get('after') : (JSON.parse(last) as AuditLine).id;
    const from = id ? `--after ${id}` : 'without --after';
    throw new PortcullisError('store-unreachable', `the export broke off; continue ${from}`, {
      cause: error,
    });
  }
  return exits.done;
}

/** Shows, exports or checks the audit log; exit code 1 if a sealed line was changed. @throws `invalid-request` */
export async function audit(terminal: Terminal, values: Values): Promise<number> {
  oneOf('--what', auditedActs, values.what);
  wholeNumber('--limit', values.limit);
  const query = new URLSearchParams();
  for (const name of filters) if (values[name] !== undefined) query.set(name, values[name]);
  return withClient(async (client) => {
    if (values.jsonl) return exportLines(client, query, terminal);
    if (values.verify) {
      const check = await client.auditCheck();
      show(terminal, check, renderCheck);
      return check.intact ? exits.done : exits.failed;
    }
    show(terminal, (await client.audit(query)).audit, renderAudit);
    return exits.done;
  });
}
