import {
  type FindingsView,
  type FindingView,
  type FindingWithHistoryView,
  findingsSchema,
} from '../../http/schemas/finding.ts';
import { PortcullisError } from '../../settings/errors.ts';
import { severities } from '../../store/findings/counts.ts';
import { exposures, findingStates } from '../../store/findings/finding.ts';
import { findingSorts } from '../../store/findings/list.ts';
import { oneOf, wholeNumber } from '../arguments/values.ts';
import type { Client } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { findingHead, findingRow } from '../output/finding-csv.ts';
import { renderFinding, renderFindings } from '../output/findings.ts';
import { exits, show, type Terminal, writePart } from '../output/terminal.ts';

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

/** The number of findings in a table without `--limit`. */
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

/** Pages of the list, with at most `limit` findings. */
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

/** The formats with one line for each finding. */
const lines: Partial<Record<Format, (finding: FindingView) => string>> = {
  csv: findingRow,
  jsonl: (finding) => `${JSON.stringify(finding)}\n`,
};

async function list(terminal: Terminal, pages: AsyncIterable<FindingsView>, format: Format): Promise<void> {
  const lineOf = lines[format];
  if (!lineOf) return show(terminal, await collected(pages), renderFindings);
  if (format === 'csv') await writePart(terminal, findingHead);
  for await (const { findings } of pages) await writePart(terminal, findings.map(lineOf).join(''));
}

async function one(terminal: Terminal, finding: FindingWithHistoryView, format: Format): Promise<void> {
  const lineOf = lines[format];
  if (!lineOf) return show(terminal, finding, renderFinding);
  await writePart(terminal, `${format === 'csv' ? findingHead : ''}${lineOf(finding)}`);
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
  const output = { ...terminal, json: format === 'json' };
  return withClient(async (client) => {
    if (id === undefined) await list(output, pagesOf(client, query, limit), format);
    else await one(output, await client.finding(id), format);
    return exits.done;
  });
}
