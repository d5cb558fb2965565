import type { RemediationRecord } from '../../store/remediations.ts';
import { plain, table } from '../output/table.ts';

type Finding = RemediationRecord['result']['findings'][number];

function describe({ protocol, fromPort, toPort, source, action }: Finding): string {
  const ports =
    fromPort === null || fromPort === -1
      ? ''
      : ` ${fromPort === toPort ? fromPort : `${fromPort}-${toPort}`}`;
  return `${action} ${protocol === '-1' ? 'everything' : `${protocol}${ports}`} from ${source}`;
}

/** What was closed, newest first, with the id that restores it. Pure. */
export function renderRemediations(remediations: readonly RemediationRecord[]): string {
  if (remediations.length === 0) return 'no remediation of this kind';
  const rows = remediations.map(({ id, time, accountId, region, outcome, result }) => {
    const [first, ...more] = result.findings;
    const what = first ? `${describe(first)}${more.length > 0 ? ` and ${more.length} more` : ''}` : '-';
    const at = new Date(time).toISOString().slice(0, 19);
    return [`${at}Z`, outcome, accountId, region, what, id].map(plain);
  });
  return table([['TIME', 'OUTCOME', 'ACCOUNT', 'REGION', 'WHAT', 'ID'], ...rows]);
}
