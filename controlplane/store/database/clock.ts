import type { Database } from './database.ts';
import { firstValue } from './query.ts';

/** The database's time in milliseconds, the same for every worker, however wrong the worker's own clock is. */
export type Clock = () => Promise<Date>;

export function databaseClock({ query }: Pick<Database, 'query'>): Clock {
  return async () => {
    const now = await firstValue<Date>(query, 'select now()');
    if (!now) throw new Error('the database returned no time');
    return now;
  };
}
