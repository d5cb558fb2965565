import { isOpen, type SweepResult } from '../../sweep/standalone/result.ts';
import { plain, table } from '../output/table.ts';
import { accountText, groupText, ownerText, placeText, ruleText, summaryLines } from './text.ts';

const head = ['EXPOSURE', 'SEVERITY', 'ACCOUNT', 'REGION', 'GROUP', 'RULE', 'POLICY RULE', 'OWNER'];

function findings(result: SweepResult): string[] {
  if (result.findings.length === 0) return [];
  const rows = result.findings.map((finding) => [
    isOpen(finding) ? finding.exposure.level : 'excepted',
    finding.severity ?? '',
    accountText(finding),
    finding.region,
    groupText(finding),
    ruleText(finding),
    finding.policyRule,
    ownerText(finding.owner),
  ]);
  return ['', table([head, ...rows])];
}

const section = (title: string, rows: readonly (readonly string[])[]): string[] =>
  rows.length > 0 ? ['', `${title}:`, table([rows[0]?.map(() => '') ?? [], ...rows]).replace(/^\n/, '')] : [];

/** The result for a terminal: the counts, then a line for each finding, what was not evaluated and not checked. Pure. */
export function renderTable(result: SweepResult): string {
  return [
    ...summaryLines(result).map(plain),
    ...findings(result),
    ...section(
      'Could not be evaluated',
      result.undecided.map((one) => [accountText(one), one.region, one.groupId, one.ingress, one.reason]),
    ),
    ...section(
      'Not checked',
      result.notChecked.map((one) => [accountText(one), placeText(one), one.reason]),
    ),
    ...section(
      'Not read',
      result.notes.map((one) => [accountText(one), one.region, one.note]),
    ),
    '',
  ].join('\n');
}
