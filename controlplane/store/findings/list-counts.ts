import type { Query } from '../database/database.ts';
import { type Condition, matching } from '../database/page.ts';
import { countedColumns as counted, type Severity, severities } from './counts.ts';
import { type Exposure, exposures, type FindingState, findingStates } from './finding.ts';

/** How many findings there are of each state, severity and exposure; a finding is once in each of the three. */
export interface FindingCounts {
  readonly state: Readonly<Record<FindingState, number>>;
  readonly severity: Readonly<Record<Severity, number>>;
  readonly exposure: Readonly<Record<Exposure, number>>;
}

/** Which findings are counted. */
export interface CountFilter {
  /** Conditions on the three columns that are counted. */
  readonly facets: readonly Condition[];
  /** The other conditions, on the columns of a finding. */
  readonly direct: readonly Condition[];
  /** The same on the counts that are kept; undefined where they do not have such a combination. */
  readonly kept:
    | {
        readonly where: readonly Condition[];
        /** Conditions of the findings that the kept counts leave out. */
        readonly remainder?: readonly Condition[];
      }
    | undefined;
}

interface CountRow {
  readonly state: FindingState;
  readonly severityOrder: number;
  readonly exposure: Exposure;
  readonly count: number;
}

const keptColumns = `grain, key, rule, month, ${counted}, count`;
const keptCounts = `(select ${keptColumns} from finding_count
  union all select ${keptColumns} from finding_count_change) as kept`;

const rowsOf = (query: Query, count: string, from: string, conditions: readonly Condition[]) => {
  const { where, parameters } = matching(conditions);
  return query<CountRow>(
    `select ${counted}, ${count}::int as count from ${from} where ${where} group by ${counted}`,
    parameters,
  );
};

/**
 * The counts of all findings that match: from counts that every change keeps where they have the combination of
 * conditions, and from the findings otherwise.
 */
export async function countFindings(
  query: Query,
  { facets, direct, kept }: CountFilter,
): Promise<FindingCounts> {
  if (!kept) return countsOf(await rowsOf(query, 'count(*)', 'finding', [...facets, ...direct]));
  const rows = await rowsOf(query, 'sum(count)', keptCounts, [...facets, ...kept.where]);
  if (!kept.remainder) return countsOf(rows);
  return countsOf([...rows, ...(await rowsOf(query, 'count(*)', 'finding', [...facets, ...kept.remainder]))]);
}

function countsOf(rows: readonly CountRow[]): FindingCounts {
  const zero = <Name extends string>(names: readonly Name[]) =>
    Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  const counts = { state: zero(findingStates), severity: zero(severities), exposure: zero(exposures) };
  for (const { state, severityOrder, exposure, count } of rows) {
    counts.state[state] += count;
    counts.severity[severities[severityOrder] ?? 'none'] += count;
    counts.exposure[exposure] += count;
  }
  return counts;
}
