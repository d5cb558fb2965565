import { createHash } from 'node:crypto';
import { printable } from '../../settings/printable.ts';
import { isOpen, type SweepResult } from '../../sweep/standalone/result.ts';
import { accountText, groupText, ownerText, placeText, ruleText, summaryLines } from './text.ts';

const entities: Readonly<Record<string, string>> = {
  ...{ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' },
};

/** Text that others wrote, as text of a page. */
const escaped = (text: string): string =>
  printable(text).replace(/[&<>"']/g, (letter) => entities[letter] ?? '');

const style = `
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 100rem; padding: 0 1rem; color: #1b1f24; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #d0d7de; padding: .3rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #f6f8fa; } small { color: #57606a; }
.reachable { color: #a40e26; font-weight: 600; } .unknown { color: #7d4e00; font-weight: 600; }
@media print {
  body { margin: 0; max-width: none; font-size: 9pt; } thead { display: table-header-group; } tr { break-inside: avoid; }
}
`;
const styleHash = createHash('sha256').update(style).digest('base64');
/** The page has no script, loads nothing, and sends nothing. */
const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;

type CellHtml = { readonly text: string; readonly more?: string; readonly look?: string };

function htmlCell({ text, more, look }: CellHtml): string {
  const below = more ? `<br><small>${escaped(more)}</small>` : '';
  return `<td${look ? ` class="${escaped(look)}"` : ''}>${escaped(text)}${below}</td>`;
}

function* section(
  title: string,
  head: readonly string[],
  rows: readonly (readonly CellHtml[])[],
): Generator<string> {
  if (rows.length === 0) return;
  yield `<h2>${escaped(title)} (${rows.length})</h2>\n<table><thead><tr>`;
  yield `${head.map((each) => `<th scope="col">${escaped(each)}</th>`).join('')}</tr></thead><tbody>\n`;
  for (const row of rows) yield `<tr>${row.map(htmlCell).join('')}</tr>\n`;
  yield '</tbody></table>\n';
}

const findingRow = (finding: SweepResult['findings'][number]): CellHtml[] => {
  const { exposure, openedBy } = finding;
  const opened = openedBy ? `opened by ${openedBy.principal}, ${openedBy.eventTime}` : '';
  return [
    { text: exposure.level, more: exposure.why, look: exposure.level },
    { text: finding.severity ?? '' },
    { text: accountText(finding), more: finding.region },
    { text: groupText(finding), more: finding.vpcId ?? '' },
    { text: ruleText(finding), more: finding.ruleId ?? '' },
    { text: finding.policyRule, more: finding.why },
    { text: ownerText(finding.owner), more: opened },
  ];
};

const findingHead = ['Exposure', 'Severity', 'Account and Region', 'Group', 'Rule', 'Policy rule', 'Owner'];

/** One self-contained page: the counts, the findings, and what was not evaluated or not checked. Pure. */
export function* htmlPage(result: SweepResult): Generator<string> {
  const { findings, undecided, notChecked, notes } = result;
  const title = `Security group sweep ${result.startedAt.slice(0, 10)}`;
  yield `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n`;
  yield `<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">\n`;
  yield `<meta name="viewport" content="width=device-width"><title>${escaped(title)}</title>\n`;
  yield `<style>${style}</style></head><body>\n<h1>${escaped(title)}</h1>\n<ul>`;
  yield `${summaryLines(result)
    .map((line) => `<li>${escaped(line)}</li>`)
    .join('\n')}</ul>\n`;
  yield `<p>Read from ${escaped(result.startedAt)} to ${escaped(result.endedAt)}. `;
  yield 'Load balancers and network ACLs are not evaluated.</p>\n';
  yield* section(
    'Not checked',
    ['Account', 'Region', 'Reason'],
    notChecked.map((one) => [{ text: accountText(one) }, { text: placeText(one) }, { text: one.reason }]),
  );
  yield* section('Forbidden by the policy', findingHead, findings.filter(isOpen).map(findingRow));
  yield* section(
    'Allowed by an exception',
    findingHead,
    findings.filter((one) => !isOpen(one)).map(findingRow),
  );
  yield* section(
    'Could not be evaluated',
    ['Account and Region', 'Group', 'Rule', 'Reason'],
    undecided.map((one) => [
      { text: accountText(one), more: one.region },
      { text: one.groupId },
      { text: one.ingress },
      { text: one.reason },
    ]),
  );
  yield* section(
    'Not read',
    ['Account', 'Region', 'What'],
    notes.map((one) => [{ text: accountText(one) }, { text: one.region }, { text: one.note }]),
  );
  yield '</body></html>\n';
}
