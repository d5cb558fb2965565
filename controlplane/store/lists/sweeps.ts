import type { Database } from '../database/database.ts';
import { type Sweep, type SweepCell, sweepCellColumns, sweepColumns } from '../sweeps/sweep.ts';
import { type Page, type PageRequest, readPage } from './page.ts';

export const sweepLists = ({ query }: Pick<Database, 'query'>) => ({
  /** Newest first. */
  sweeps: (filter: { readonly state?: string | undefined }, page: PageRequest): Promise<Page<Sweep>> =>
    readPage(
      query,
      {
        ...{ columns: sweepColumns, from: 'sweep', descending: true },
        order: [
          ['created_at', 'timestamptz'],
          ['id', 'uuid'],
        ],
        where: [['state = $value', filter.state]],
      },
      page,
    ),
  /** By account and Region. */
  sweepCells: (
    sweepId: string,
    filter: {
      readonly account?: string | undefined;
      readonly region?: string | undefined;
      readonly state?: string | undefined;
    },
    page: PageRequest,
  ): Promise<Page<SweepCell>> =>
    readPage(
      query,
      {
        ...{ columns: sweepCellColumns, from: 'sweep_cell' },
        order: [
          ['account_id', 'text'],
          ['sweep_cell.region', 'text'],
        ],
        where: [
          ['sweep_id = $value', sweepId],
          // The accounts themselves are listed where they could not be entered.
          [`(sweep_cell.region <> '' or state <> $value)`, 'done'],
          ['account_id = $value', filter.account],
          ['sweep_cell.region = $value', filter.region],
          ['state = $value', filter.state],
        ],
      },
      page,
    ),
});
