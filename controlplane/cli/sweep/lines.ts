import { printableValues } from '../../settings/printable.ts';
import { countsOf, isOpen, type SweepResult } from '../../sweep/standalone/result.ts';
import { csvLine } from '../output/csv.ts';
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

const columns = [
  ...['kind', 'account', 'account_name', 'region', 'group', 'group_name', 'vpc', 'rule_id', 'rule'],
  ...['protocol', 'from_port', 'to_port', 'source', 'policy_rule', 'severity', 'mode', 'exposure'],
  ...['exposure_why', 'addresses', 'owner', 'owner_by', 'opened_by', 'opened_at', 'exceptions', 'why'],
] as const;
type Row = Partial<Record<(typeof columns)[number], string | number | null>>;

const rowLine = (row: Row): string => csvLine(columns.map((column) => row[column] ?? null));
const portOf = (port: number | null) => (port === -1 ? null : port);

function findingRow(finding: SweepResult['findings'][number]): Row {
  const { exposure, owner, openedBy, protocol } = finding;
  return {
    kind: isOpen(finding) ? 'finding' : 'excepted',
    ...{ account: finding.accountId, account_name: finding.accountName, region: finding.region },
    ...{ group: finding.groupId, group_name: finding.groupName, vpc: finding.vpcId, rule_id: finding.ruleId },
    ...{ rule: ruleText(finding), protocol: protocol === '-1' ? 'all' : protocol },
    ...{ from_port: portOf(finding.fromPort), to_port: portOf(finding.toPort), source: finding.source },
    ...{ policy_rule: finding.policyRule, severity: finding.severity, mode: finding.mode, why: finding.why },
    ...{ exposure: exposure.level, exposure_why: exposure.why, addresses: exposure.addresses.join(' ') },
    ...{ owner: owner?.value ?? null, owner_by: owner?.by ?? null },
    ...{ opened_by: openedBy?.principal ?? null, opened_at: openedBy?.eventTime ?? null },
    exceptions: finding.exceptions.map(({ name }) => name).join(' '),
  };
}

/** A table for a spreadsheet. What was not evaluated and not checked has lines too, by `kind`. Pure. */
export function* csvLines(result: SweepResult): Generator<string> {
  yield csvLine(columns);
  for (const finding of result.findings) yield rowLine(findingRow(finding));
  for (const { accountId: account, accountName: account_name, ...one } of result.undecided) {
    const place = { account, account_name, region: one.region };
    yield rowLine({
      kind: 'undecided',
      ...place,
      group: one.groupId,
      rule_id: one.ruleId,
      rule: one.ingress,
      why: one.reason,
    });
  }
  for (const { accountId: account, accountName: account_name, region, reason } of result.notChecked)
    yield rowLine({ kind: 'not-checked', account, account_name, region, why: reason });
}
