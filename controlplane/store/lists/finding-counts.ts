import type { Query } from '../database/database.ts';
import { countedColumns as counted, type Severity, severities } from '../findings/counts.ts';
import { type Exposure, exposures, type FindingState, findingStates } from '../findings/finding.ts';
import { type Condition, matching } from './page.ts';

/** How many findings there are of each state, severity and exposure; a finding is once in each of the three. */
export interface FindingCounts {
  readonly state: Readonly<Record<FindingState, number>>;
  readonly severity: Readonly<Record<Severity, number>>;
  readonly exposure: Readonly<Record<Exposure, number>>;
}

/** Counts are kept by each of these; `day`: of the first reading, in UTC. */
type Grain = 'account' | 'region' | 'rule' | 'owner' | 'day';

/** Conditions on the three columns that are counted, and at most one on something else by which counts are kept. */
export interface CountFilter {
  readonly facets: readonly Condition[];
  readonly others: readonly {
    readonly grain: Grain;
    /** On the column `key` of the kept counts. */
    readonly kept: Condition;
    /** On the columns of the finding. */
    readonly direct: Condition;
    /** Findings that the kept counts leave out. */
    readonly remainder?: Condition;
  }[];
}

interface CountRow {
  readonly state: FindingState;
  readonly severityOrder: number;
  readonly exposure: Exposure;
  readonly count: number;
}

const kept = `(select grain, key, ${counted}, count from finding_count
  union all select grain, key, ${counted}, count from finding_count_change) as kept`;

const rowsOf = (query: Query, count: string, from: string, conditions: readonly Condition[]) => {
  const { where, parameters } = matching(conditions);
  return query<CountRow>(
    `select ${counted}, ${count}::int as count from ${from} where ${where} group by ${counted}`,
    parameters,
  );
};

/**
 * The counts of all findings that match. With at most one condition beside the counted columns they come from counts
 * that every change keeps; with more, the findings are counted.
 */
export async function countFindings(query: Query, { facets, others }: CountFilter): Promise<FindingCounts> {
  const [only, ...more] = others;
  if (more.length > 0) {
    const direct = [...facets, ...others.map((each) => each.direct)];
    return countsOf(await rowsOf(query, 'count(*)', 'finding', direct));
  }
  const grain: Condition = ['grain = $value', only?.grain ?? 'region'];
  const rows = await rowsOf(query, 'sum(count)', kept, [grain, ...facets, ...(only ? [only.kept] : [])]);
  if (!only?.remainder) return countsOf(rows);
  return countsOf([...rows, ...(await rowsOf(query, 'count(*)', 'finding', [...facets, only.remainder]))]);
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
