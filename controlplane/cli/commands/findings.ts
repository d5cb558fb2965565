import { once } from 'node:events';
import { Writable } from 'node:stream';
import { type FindingsView, type FindingView, findingsSchema } from '../../http/schemas/finding.ts';
import { PortcullisError } from '../../settings/errors.ts';
import { severities } from '../../store/findings/counts.ts';
import { exposures, findingStates } from '../../store/findings/finding.ts';
import { findingSorts } from '../../store/lists/findings.ts';
import { oneOf, wholeNumber } from '../arguments/values.ts';
import type { Client } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { csvLine } from '../output/csv.ts';
import { findingHead, findingRow, renderFinding, renderFindings } from '../output/findings.ts';
import type { Screen } from '../output/progress.ts';
import { exits, type Terminal } from '../output/terminal.ts';

const formats = ['table', 'json', 'jsonl', 'csv'] as const;
type Format = (typeof formats)[number];

interface Values {
  readonly account?: string;
  readonly ou?: string;
  readonly region?: string;
  readonly severity?: string;
  readonly exposure?: string;
  readonly state?: string;
  readonly owner?: string;
  readonly policyRule?: string;
  readonly olderThan?: string;
  readonly sort?: string;
  readonly limit?: string;
  readonly format?: string;
}

/** How many findings a table has where no limit is given. */
const shown = 100;
const largestPage = 500;

const flagOf = (name: string): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function limitOf({ limit }: Values, format: Format): number {
  const whole = format === 'jsonl' || format === 'csv';
  const most = wholeNumber('--limit', limit) ?? (whole ? Number.POSITIVE_INFINITY : shown);
  if (most === 0) throw new PortcullisError('invalid-request', '--limit must be 1 or more');
  return most;
}

function queryOf(values: Values): URLSearchParams {
  const query = new URLSearchParams();
  const set = (name: string, value: string | undefined) => value !== undefined && query.set(name, value);
  set('account', values.account);
  set('organizationalUnit', values.ou);
  set('region', values.region);
  set('severity', oneOf('--severity', severities, values.severity));
  set('exposure', oneOf('--exposure', exposures, values.exposure));
  const state = oneOf('--state', [...findingStates, 'all'], values.state) ?? 'open';
  if (state !== 'all') set('state', state);
  set('owner', values.owner);
  set('policyRule', values.policyRule);
  set('olderThan', wholeNumber('--older-than', values.olderThan)?.toString());
  set('sort', oneOf('--sort', findingSorts, values.sort));
  return query;
}

/** Pages of the list, so many findings at most. */
async function* pagesOf(client: Client, query: URLSearchParams, limit: number): AsyncGenerator<FindingsView> {
  for (let left = limit; left > 0; ) {
    query.set('limit', String(Math.min(left, largestPage)));
    const page = await client.findings(query);
    yield page;
    left -= page.findings.length;
    if (!page.next) return;
    query.set('cursor', page.next);
  }
}

/** Waits where the reader is slower than the service. */
async function write(screen: Screen, text: string): Promise<void> {
  if (screen.write(text) === false && screen instanceof Writable) await once(screen, 'drain');
}

/** One answer with all findings of the pages, and the counts of the first. */
async function collected(pages: AsyncIterable<FindingsView>): Promise<FindingsView> {
  let answer: FindingsView | undefined;
  const findings: FindingView[] = [];
  for await (const page of pages) {
    answer ??= page;
    findings.push(...page.findings);
    answer = { ...answer, next: page.next };
  }
  return { ...(answer ?? findingsSchema.parse({})), findings };
}

async function list(pages: AsyncIterable<FindingsView>, { screen }: Terminal, format: Format): Promise<void> {
  if (format === 'table') return write(screen, `${renderFindings(await collected(pages))}\n`);
  if (format === 'json') return write(screen, `${JSON.stringify(await collected(pages), null, 2)}\n`);
  if (format === 'csv') await write(screen, csvLine(findingHead));
  const line = (finding: FindingView) =>
    format === 'csv' ? csvLine(findingRow(finding)) : `${JSON.stringify(finding)}\n`;
  for await (const { findings } of pages) await write(screen, findings.map(line).join(''));
}

async function one(client: Client, { screen }: Terminal, format: Format, id: string): Promise<void> {
  const finding = await client.finding(id);
  if (format === 'table') return write(screen, `${renderFinding(finding)}\n`);
  if (format === 'csv') return write(screen, csvLine(findingHead) + csvLine(findingRow(finding)));
  return write(screen, `${JSON.stringify(finding, null, format === 'json' ? 2 : 0)}\n`);
}

/** Lists findings, or shows one with its history. @throws `invalid-request` naming the flag that is wrong */
export async function findings(terminal: Terminal, values: Values, id?: string): Promise<number> {
  const format = (oneOf('--format', formats, values.format) ?? (terminal.json ? 'json' : 'table')) as Format;
  if (terminal.json && format !== 'json')
    throw new PortcullisError('invalid-request', `leave --json or --format ${format} out`);
  const filters = Object.keys(values)
    .filter((name) => name !== 'format' && name !== 'json')
    .map(flagOf);
  if (id !== undefined && filters.length > 0)
    throw new PortcullisError('invalid-request', `one finding is named: leave ${filters.join(', ')} out`);
  const query = queryOf(values);
  const limit = limitOf(values, format);
  return withClient(async (client) => {
    const found = id === undefined && pagesOf(client, query, limit);
    await (found ? list(found, terminal, format) : one(client, terminal, format, id ?? ''));
    return exits.done;
  });
}
