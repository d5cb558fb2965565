import { printableValues } from '../../settings/printable.ts';
import { countsOf, isOpen, type PlacedFinding, type SweepResult } from '../../sweep/standalone/result.ts';
import { csvHead, csvRow, findingColumns } from '../output/finding-csv.ts';
import { ruleText } from './text.ts';

/** JSON lines: each has a `type`; the last one is the summary, so a file without it was cut off. Pure. */
export function* jsonLines(result: SweepResult): Generator<string> {
  const { findings, undecided, notChecked, notes, ...facts } = result;
  const line = (type: string, value: object) => `${JSON.stringify({ type, ...value }, printableValues)}\n`;
  for (const finding of findings) yield line('finding', { open: isOpen(finding), ...finding });
  for (const one of undecided) yield line('undecided', one);
  for (const one of notChecked) yield line('not-checked', one);
  for (const one of notes) yield line('note', one);
  yield line('summary', { ...facts, counts: countsOf(result) });
}

type Row = Partial<PlacedFinding> & { readonly kind: string; readonly rule?: string };

const columns = {
  kind: ({ kind }: Row) => kind,
  account_name: ({ accountName }: Row) => accountName,
  rule: ({ rule }: Row) => rule,
  ...findingColumns,
};

/** The result as CSV. Rules that were not evaluated and cells that were not checked have lines too, by `kind`. Pure. */
export function* csvLines({ findings, undecided, notChecked }: SweepResult): Generator<string> {
  const line = (row: Row) => csvRow(columns, row);
  yield csvHead(columns);
  for (const one of findings)
    yield line({ ...one, kind: isOpen(one) ? 'finding' : 'excepted', rule: ruleText(one) });
  for (const { ingress: rule, reason: why, ...one } of undecided)
    yield line({ ...one, kind: 'undecided', rule, why });
  for (const { region, reason: why, ...one } of notChecked)
    yield line({ ...one, kind: 'not-checked', region: region ?? undefined, why });
}
