import { type CellVerification, canaryStore } from './canaries.ts';
import type { Database, Query } from './database/database.ts';
import { verificationStore } from './verifications.ts';

/**
 * Forgets what was verified in a cell, or in every cell of an account, and ends the canaries that are open there: what was
 * taken down proves nothing of what is made there later.
 */
export async function endVerifications(
  query: Query,
  accountId: string,
  region: string | null,
): Promise<void> {
  const place = [accountId, region];
  await query(
    'delete from cell_verification where account_id = $1 and ($2::text is null or region = $2)',
    place,
  );
  await query(
    `update canary set state = 'failed', message = 'the cell was taken down', ended_at = now(), holder = null,
       held_until = null
     where account_id = $1 and ($2::text is null or region = $2) and ended_at is null`,
    place,
  );
}

/** What is known of the cells. */
const cells = ({ query }: Database) => ({
  list: () => query<CellVerification>('select * from cell_verification order by account_id, region'),
  /** Forgets what was verified in Regions of an account that are not among these; whether anything was known there. */
  async keepOnly(accountId: string, regions: readonly string[]): Promise<boolean> {
    const rows = await query<{ region: string }>(
      'select region from cell_verification where account_id = $1 and not (region = any($2))',
      [accountId, regions],
    );
    for (const { region } of rows) await endVerifications(query, accountId, region);
    return rows.length > 0;
  },
});

export const cellVerificationStore = (database: Database) => ({
  ...verificationStore(database),
  ...canaryStore(database),
  ...cells(database),
});
