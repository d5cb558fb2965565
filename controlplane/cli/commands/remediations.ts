import type { RemediationRecord } from '../../store/remediations.ts';
import { describeIngress } from '../output/findings.ts';
import { plain, table } from '../output/table.ts';

/** Remediations, newest first, with the ids that restore them. Pure. */
export function renderRemediations(remediations: readonly RemediationRecord[]): string {
  if (remediations.length === 0) return 'no remediation of this kind';
  const rows = remediations.map(({ id, time, accountId, region, outcome, result }) => {
    const [first, ...more] = result.findings;
    const others = more.length > 0 ? ` and ${more.length} more` : '';
    const what = first ? `${first.action} ${describeIngress(first)}${others}` : '-';
    const at = new Date(time).toISOString().slice(0, 19);
    return [`${at}Z`, outcome, accountId, region, what, id].map(plain);
  });
  return table([['TIME', 'OUTCOME', 'ACCOUNT', 'REGION', 'WHAT', 'ID'], ...rows]);
}
