import type { Database } from './database.ts';

/** The database's time in milliseconds, the same for every worker, however wrong the worker's own clock is. */
export type Clock = () => Promise<Date>;

export function databaseClock({ query }: Pick<Database, 'query'>): Clock {
  return async () => {
    const [row] = await query<{ now: Date }>('select now() as now');
    if (!row) throw new Error('the database did not tell the time');
    return row.now;
  };
}
