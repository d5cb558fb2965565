import type { Database } from '../database/database.ts';
import { firstColumn, firstRow } from '../database/query.ts';
import { cellClaims, cellEndings } from './cells.ts';
import { handOverStore } from './hand-over.ts';
import { missedEventStore } from './missed-events.ts';
import {
  type AskedAccount,
  type AskedSweep,
  cancelSweep,
  finishSweep,
  requestScheduled,
  requestSweep,
  type Sweep,
  type SweepCounts,
  sweepColumns,
  sweepCounts,
} from './sweep.ts';

const records = ({ query, transaction }: Pick<Database, 'query' | 'transaction'>) => ({
  request: (asked: AskedSweep, accounts: readonly AskedAccount[]): Promise<void> =>
    transaction((within) => requestSweep(within, asked, accounts)),
  /** The clock's: false where one is under way or the last began less than a period ago. */
  requestScheduled: (
    asked: AskedSweep,
    accounts: readonly AskedAccount[],
    periodSeconds: number,
  ): Promise<boolean> => transaction((within) => requestScheduled(within, asked, accounts, periodSeconds)),
  get: (id: string) => firstRow<Sweep>(query, `select ${sweepColumns} from sweep where id = $1`, [id]),
  counts: (id: string): Promise<SweepCounts> => sweepCounts(query, id),
  unfinished: () =>
    firstColumn(query, 'select id from sweep where finished_at is null order by scheduled, created_at'),
  finish: (id: string): Promise<SweepCounts | undefined> => transaction((within) => finishSweep(within, id)),
  cancel: (id: string, who: string): Promise<boolean> =>
    transaction((within) => cancelSweep(within, id, who)),
  /** Forgets sweeps that ended so long ago, but for the last one that read a cell. */
  async forget(olderThanMs: number) {
    await query(
      `delete from sweep where finished_at < now() - make_interval(secs => $1::float8)
         and id <> coalesce((select id from sweep where state = 'done' order by created_at desc limit 1), id)`,
      [olderThanMs / 1000],
    );
  },
});

export const sweepStore = (database: Pick<Database, 'query' | 'transaction'>) => ({
  ...records(database),
  ...cellClaims(database),
  ...cellEndings(database),
  missed: missedEventStore(database),
  handOver: handOverStore(database),
});

export type SweepStore = ReturnType<typeof sweepStore>;
