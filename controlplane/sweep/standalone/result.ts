import type { CellReading, Exposure, ObservedFinding } from '../../store/findings/finding.ts';
import { exposures } from '../../store/findings/finding.ts';
import type { Cell } from '../read-cell.ts';

/** Where something was seen. */
export interface Place extends Cell {
  readonly accountName: string;
}

export type PlacedFinding = Place & ObservedFinding;
export type PlacedUndecided = Place & CellReading['undecided'][number];

/** A cell that was not read; a null Region stands for all of the account's. */
export interface NotChecked {
  readonly accountId: string;
  readonly accountName: string;
  readonly region: string | null;
  readonly reason: string;
}

/** What a sweep without a service found. */
export interface SweepResult {
  readonly startedAt: string;
  readonly endedAt: string;
  /** Null where only the caller's account was swept. */
  readonly organizationId: string | null;
  readonly policyDigest: string;
  readonly accounts: number;
  /** Accounts that are closed, suspended or not active yet: nothing of them can be read. */
  readonly inactiveAccounts: number;
  readonly cells: number;
  readonly groups: number;
  readonly findings: readonly PlacedFinding[];
  readonly undecided: readonly PlacedUndecided[];
  readonly notChecked: readonly NotChecked[];
  /** What was not read about findings, such as who opened a rule. */
  readonly notes: readonly (Place & { readonly note: string })[];
}

export interface SweepCounts {
  /** Rules that the policy forbids and no exception allows. */
  readonly open: number;
  readonly excepted: number;
  readonly undecided: number;
  /** Of the open ones. */
  readonly byExposure: Readonly<Record<Exposure, number>>;
  readonly bySeverity: Readonly<Record<string, number>>;
  readonly accountsWithFindings: number;
  readonly cellsChecked: number;
  readonly notChecked: number;
}

export const isOpen = ({ exceptions }: ObservedFinding): boolean => exceptions.length === 0;

const severities = ['critical', 'high', 'medium', 'low', 'none'] as const;
const severityOf = ({ severity }: ObservedFinding): string => severity ?? 'none';

/** Pure. */
export function countsOf({ findings, undecided, notChecked, cells }: SweepResult): SweepCounts {
  const open = findings.filter(isOpen);
  const counted = <Name extends string>(names: readonly Name[], nameOf: (finding: PlacedFinding) => string) =>
    Object.fromEntries(
      names.map((name) => [name, open.filter((one) => nameOf(one) === name).length]),
    ) as Record<Name, number>;
  return {
    open: open.length,
    excepted: findings.length - open.length,
    undecided: undecided.length,
    byExposure: counted(exposures, ({ exposure }) => exposure.level),
    bySeverity: counted(severities, severityOf),
    accountsWithFindings: new Set(open.map(({ accountId }) => accountId)).size,
    cellsChecked: cells - notChecked.filter(({ region }) => region !== null).length,
    notChecked: notChecked.length,
  };
}

const orderOf = (names: readonly string[], name: string) => {
  const at = names.indexOf(name);
  return at < 0 ? names.length : at;
};

/** By urgency: open before excepted, then by exposure and severity. The same order each time. Pure. */
export function inOrder(findings: readonly PlacedFinding[]): PlacedFinding[] {
  const keyOf = (one: PlacedFinding) => [
    Number(!isOpen(one)),
    orderOf(exposures, one.exposure.level),
    orderOf(severities, severityOf(one)),
  ];
  const text = (one: PlacedFinding) => [one.accountId, one.region, one.groupId, one.ingress].join(' ');
  return findings
    .map((finding) => ({ finding, key: keyOf(finding), text: text(finding) }))
    .sort((one, other) => {
      const differing = one.key.findIndex((value, index) => value !== other.key[index]);
      if (differing >= 0) return (one.key[differing] ?? 0) - (other.key[differing] ?? 0);
      return one.text < other.text ? -1 : 1;
    })
    .map(({ finding }) => finding);
}
