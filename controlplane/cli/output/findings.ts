import type { FindingsView, FindingView, FindingWithHistoryView } from '../../http/schemas/finding.ts';
import { standards } from '../../store/findings/controls.ts';
import { table } from './table.ts';

type Ingress = Pick<FindingView, 'protocol' | 'fromPort' | 'toPort' | 'source'>;

/** The ingress of a finding, such as `tcp 22 from 0.0.0.0/0`. Pure. */
export function describeIngress({ protocol, fromPort, toPort, source }: Ingress): string {
  if (protocol === '-1') return `everything from ${source}`;
  const ports =
    fromPort === null || fromPort === -1
      ? ''
      : ` ${fromPort === toPort ? fromPort : `${fromPort}-${toPort}`}`;
  return `${protocol}${ports} from ${source}`;
}

const day = (time: string): string => time.slice(0, 10);
const minute = (time: string): string => `${time.slice(0, 16)}Z`;

const countLine = (name: string, counts: Readonly<Record<string, number>>): string => {
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  return `${name}: ${parts.map(([value, count]) => `${count} ${value}`).join(', ')}`;
};

/** Findings as a table, with the counts of all that the filters name. Pure. */
export function renderFindings({ findings, total, counts, next }: FindingsView): string {
  if (findings.length === 0) return 'no finding with these filters';
  const rows = findings.map((finding) => [
    ...[finding.severity ?? '-', finding.state, finding.exposure, finding.accountId, finding.region],
    ...[finding.groupId, describeIngress(finding), finding.policyRule, finding.owner?.value ?? '-'],
    ...[day(finding.firstSeen), finding.id],
  ]);
  const head = [
    'SEVERITY',
    'STATE',
    'EXPOSURE',
    'ACCOUNT',
    'REGION',
    'GROUP',
    'INGRESS',
    'POLICY RULE',
    'OWNER',
    'SINCE',
    'ID',
  ];
  const more = next ? `; --limit shows more, --format csv or jsonl all` : '';
  const lines = counts
    ? [
        countLine('severity', counts.severity),
        countLine('state', counts.state),
        countLine('exposure', counts.exposure),
      ]
    : [];
  return [table([head, ...rows]), '', `${findings.length} of ${total}${more}`, ...lines].join('\n');
}

/** One finding with its history. Pure. */
export function renderFinding(finding: FindingWithHistoryView): string {
  const { owner, openedBy, exceptions, addresses, controls, history } = finding;
  const facts: [string, string][] = [
    ['finding', finding.id],
    ['state', `${finding.state} since ${minute(finding.stateSince)}`],
    ['ingress', describeIngress(finding)],
    [
      'group',
      `${finding.groupId}${finding.groupName ? ` (${finding.groupName})` : ''} in ${finding.vpcId ?? '-'}`,
    ],
    ['cell', `${finding.accountId} ${finding.region}`],
    ['policy rule', `${finding.policyRule}, severity ${finding.severity ?? 'none'}, mode ${finding.mode}`],
    ['why', finding.why],
    [
      'exposure',
      `${finding.exposure}: ${finding.exposureWhy}${addresses.length > 0 ? ` (${addresses.join(', ')})` : ''}`,
    ],
    ['owner', owner ? `${owner.value} (${owner.by}${owner.tag ? ` ${owner.tag}` : ''})` : 'not known'],
    ['opened by', openedBy ? `${openedBy.principal} at ${openedBy.eventTime}` : 'not known'],
    [
      'exceptions',
      exceptions.map(({ name, expires }) => `${name} until ${expires ?? 'ended'}`).join(', ') || 'none',
    ],
    [
      'seen',
      `${minute(finding.firstSeen)} to ${minute(finding.lastSeen)}, first by ${finding.cameIn} ${finding.cameInBy}`,
    ],
    [
      'controls',
      controls.map(({ standard, control }) => `${standards[standard]} ${control}`).join(', ') || 'none',
    ],
  ];
  const changes = history.map(({ at, from, to, cause, causeId }) => [
    minute(at),
    `${from ?? 'new'} -> ${to}`,
    `${cause} ${causeId}`,
  ]);
  const rows = facts.map(([name, value]) => [`${name}:`, value]);
  return [table(rows), '', table([['TIME', 'CHANGE', 'CAUSE'], ...changes])].join('\n');
}
