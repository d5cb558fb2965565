import type { Cell } from '../../stacks/cell.ts';
import type { Database, Query } from '../database/database.ts';
import { rowsOf } from '../database/query.ts';

/** A group with an offence that the policy lets the Lambda remediate. */
export interface SweptGroup extends Cell {
  readonly sweepId: string;
  readonly groupId: string;
}

/** A finding for Security Hub, in its format, as a sweep left it. */
export interface SecurityHubImport extends Cell {
  readonly id: string;
  readonly finding: Readonly<Record<string, unknown>>;
  readonly attempts: number;
}

/** Records groups to hand to the Lambda, as a part of the query's transaction; each once in a sweep. */
export async function handGroups(query: Query, groups: readonly SweptGroup[]): Promise<void> {
  if (groups.length === 0) return;
  await query(
    `insert into sweep_remediation (sweep_id, account_id, region, group_id, due_at)
     select sweep_id, account_id, region, group_id, now() from jsonb_populate_recordset(null::sweep_remediation, $1::jsonb)
     on conflict do nothing`,
    [rowsOf(groups)],
  );
}

/** Records findings for Security Hub, as a part of the query's transaction; the last of each id counts. */
export async function importFindings(
  query: Query,
  imports: readonly Omit<SecurityHubImport, 'attempts'>[],
): Promise<void> {
  if (imports.length === 0) return;
  await query(
    `insert into security_hub_import (account_id, region, id, finding, due_at)
     select account_id, region, id, finding, now() from jsonb_populate_recordset(null::security_hub_import, $1::jsonb)
     on conflict (account_id, region, id) do update set finding = excluded.finding, attempts = 0, due_at = now()`,
    [rowsOf(imports)],
  );
}

const again = 'due_at = now() + make_interval(secs => least(3600, 15 * power(2, attempts))::float8)';

export const handOverStore = ({ query }: Database) => ({
  /** Takes groups that are due; each is due again after a while unless it is sent. */
  takeGroups: (most: number) =>
    query<SweptGroup & { readonly attempts: number }>(
      `update sweep_remediation set attempts = attempts + 1, ${again}
       where (sweep_id, account_id, region, group_id) in (
         select sweep_id, account_id, region, group_id from sweep_remediation
         where sent_at is null and due_at <= now() order by due_at limit $1 for update skip locked)
       returning sweep_id, account_id, region, group_id, attempts`,
      [most],
    ),
  async groupSent({ sweepId, accountId, region, groupId }: SweptGroup) {
    await query(
      `update sweep_remediation set sent_at = now(), reason = null
       where sweep_id = $1 and account_id = $2 and region = $3 and group_id = $4`,
      [sweepId, accountId, region, groupId],
    );
  },
  async groupNotSent({ sweepId, accountId, region, groupId }: SweptGroup, reason: string) {
    await query(
      `update sweep_remediation set reason = $5
       where sweep_id = $1 and account_id = $2 and region = $3 and group_id = $4`,
      [sweepId, accountId, region, groupId, reason],
    );
  },
  /** Takes the findings of one cell that are due: Security Hub accepts a hundred in one call. */
  takeImports: (most: number) =>
    query<SecurityHubImport>(
      `update security_hub_import set attempts = attempts + 1, ${again}
       where (account_id, region, id) in (
         select account_id, region, id from security_hub_import where due_at <= now()
           and (account_id, region) = (select account_id, region from security_hub_import
             where due_at <= now() order by due_at limit 1)
         order by due_at limit $1 for update skip locked)
       returning account_id, region, id, finding, attempts`,
      [most],
    ),
  /** Forgets findings that were imported, or that Security Hub refuses. */
  async importsEnded({ accountId, region }: Cell, ids: readonly string[]) {
    await query('delete from security_hub_import where account_id = $1 and region = $2 and id = any($3)', [
      ...[accountId, region, ids],
    ]);
  },
});
