import type { Database } from './database/database.ts';
import { firstRow, firstValue } from './database/query.ts';

/** Single things that every worker has to know, by name, as they were last found. */
export const factStore = ({ query }: Pick<Database, 'query'>) => ({
  get: <T>(name: string) =>
    firstRow<{ value: T; updatedAt: Date }>(query, 'select value, updated_at from fact where name = $1', [
      name,
    ]),
  /** The value that is there, or this one where none was: all workers get the same. */
  async getOrSet<T>(name: string, value: T): Promise<T> {
    await query(
      `insert into fact (name, value, updated_at) values ($1, $2, now()) on conflict (name) do nothing`,
      [name, JSON.stringify(value)],
    );
    return (await firstValue<T>(query, 'select value from fact where name = $1', [name])) ?? value;
  },
  async set(name: string, value: unknown) {
    await query(
      `insert into fact (name, value, updated_at) values ($1, $2, now())
       on conflict (name) do update set value = excluded.value, updated_at = now()`,
      [name, JSON.stringify(value)],
    );
  },
});

export type FactStore = ReturnType<typeof factStore>;
