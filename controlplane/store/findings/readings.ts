import { type Query, rowsOf } from '../database/query.ts';
import type { CellReading } from './finding.ts';
import { type CellChanges, recordReading } from './findings.ts';

const placeOf = ({ accountId, region }: Pick<CellReading, 'accountId' | 'region'>) =>
  `${accountId} ${region}`;

const unchanged: CellChanges = {
  ...{ opened: [], excepted: [], remediated: [], resolved: [], appeared: [], previous: null },
};

const given = `with given as (
  select * from jsonb_populate_recordset(null::finding_cell, $1::jsonb)
)`;

/**
 * Locks the cells in one order, so that a result that arrives meanwhile is seen, and two sweeps of the same cells do not
 * wait for each other.
 */
async function lockCells(query: Query, readings: readonly CellReading[]): Promise<void> {
  const rows = rowsOf(readings.map(({ accountId, region }) => ({ accountId, region })));
  await query(
    `${given} insert into finding_cell (account_id, region) select account_id, region from given
     order by 1, 2 on conflict do nothing`,
    [rows],
  );
  await query(
    `${given} select 1 from finding_cell join given using (account_id, region)
     order by account_id, region for update of finding_cell`,
    [rows],
  );
}

/**
 * Records readings of cells that list nothing, where the list has nothing of them either: most of an organization. Which
 * cells they are.
 */
async function recordClean(query: Query, readings: readonly CellReading[]): Promise<Set<string>> {
  const clean = readings.filter(({ findings, undecided }) => findings.length === 0 && undecided.length === 0);
  if (clean.length === 0) return new Set();
  const rows = rowsOf(clean.map(({ findings: _, undecided: __, ...reading }) => reading));
  const recorded = await query<Pick<CellReading, 'accountId' | 'region'>>(
    `${given} update finding_cell cell set read_at = given.read_at, sweep_id = given.sweep_id,
       policy_digest = given.policy_digest, groups = given.groups
     from given where cell.account_id = given.account_id and cell.region = given.region and cell.undecided = '{}'
       and (cell.read_at is null or cell.read_at <= given.read_at)
       and not exists (select 1 from finding f where f.account_id = cell.account_id and f.region = cell.region
         and f.state in ('open', 'excepted'))
       and not exists (select 1 from finding_group g where g.account_id = cell.account_id and g.region = cell.region)
     returning cell.account_id, cell.region`,
    [rows],
  );
  return new Set(recorded.map(placeOf));
}

/**
 * Records complete readings of different cells, as a part of the query's transaction; what each changed, in order. The
 * same as one after the other, and faster where cells are clean and stay so: of those, `previous` is not read.
 */
export async function recordReadings(query: Query, readings: readonly CellReading[]): Promise<CellChanges[]> {
  await lockCells(query, readings);
  const clean = await recordClean(query, readings);
  const changes: CellChanges[] = [];
  for (const reading of readings)
    changes.push(clean.has(placeOf(reading)) ? unchanged : await recordReading(query, reading));
  return changes;
}
