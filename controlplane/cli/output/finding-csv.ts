import type { FindingView } from '../../http/schemas/finding.ts';
import type { ObservedFinding } from '../../store/findings/finding.ts';
import { type Cell, csvLine } from './csv.ts';

/** Columns of CSV in order, each with its cell of a row. */
type Columns<Row> = Readonly<Record<string, (row: Row) => Cell>>;

type Finding = ObservedFinding & { readonly accountId: string; readonly region: string };

/** EC2 lists -1 or nothing for every port, and for every ICMP type or code. */
const portCell = (port: number | null | undefined): Cell => (port === -1 ? null : port);

/** The columns that the findings of the service have, and those of a sweep without it. */
export const findingColumns = {
  severity: ({ severity }) => severity,
  exposure: ({ exposure }) => exposure?.level,
  account: ({ accountId }) => accountId,
  region: ({ region }) => region,
  group_id: ({ groupId }) => groupId,
  group_name: ({ groupName }) => groupName,
  vpc_id: ({ vpcId }) => vpcId,
  rule_id: ({ ruleId }) => ruleId,
  protocol: ({ protocol }) => (protocol === '-1' ? 'all' : protocol),
  from_port: ({ fromPort }) => portCell(fromPort),
  to_port: ({ toPort }) => portCell(toPort),
  source: ({ source }) => source,
  policy_rule: ({ policyRule }) => policyRule,
  mode: ({ mode }) => mode,
  why: ({ why }) => why,
  exceptions: ({ exceptions }) => exceptions?.map(({ name }) => name).join(' '),
  exposure_why: ({ exposure }) => exposure?.why,
  addresses: ({ exposure }) => exposure?.addresses.join(' '),
  owner: ({ owner }) => owner?.value,
  owner_by: ({ owner }) => owner?.by,
  owner_tag: ({ owner }) => owner?.tag,
  opened_by: ({ openedBy }) => openedBy?.principal,
  opened_at: ({ openedBy }) => openedBy?.eventTime,
} satisfies Columns<Partial<Finding>>;

type ServiceFinding = Omit<FindingView, 'exposure'> & Pick<ObservedFinding, 'exposure'>;

const serviceColumns: Columns<ServiceFinding> = {
  id: ({ id }) => id,
  state: ({ state }) => state,
  ...findingColumns,
  first_seen: ({ firstSeen }) => firstSeen,
  last_seen: ({ lastSeen }) => lastSeen,
  state_since: ({ stateSince }) => stateSince,
  read_at: ({ readAt }) => readAt,
  came_in: ({ cameIn }) => cameIn,
  controls: ({ controls }) => controls.map(({ standard, control }) => `${standard}:${control}`).join(' '),
  policy_digest: ({ policyDigest }) => policyDigest,
};

export const csvHead = (columns: Columns<never>): string => csvLine(Object.keys(columns));

export const csvRow = <Row>(columns: Columns<Row>, row: Row): string =>
  csvLine(Object.values(columns).map((cellOf) => cellOf(row)));

/** The first line of the service's findings as CSV. */
export const findingHead = csvHead(serviceColumns);

/** A finding of the service as a line of CSV. Pure. */
export function findingRow({ exposure: level, ...finding }: FindingView): string {
  const exposure = { level, why: finding.exposureWhy, addresses: finding.addresses };
  return csvRow(serviceColumns, { ...finding, exposure });
}
