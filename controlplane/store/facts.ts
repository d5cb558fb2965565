import type { Database } from './database/database.ts';

/** Single things that every worker has to know, by name, as they were last found. */
export interface FactStore {
  get<T>(name: string): Promise<{ value: T; updatedAt: Date } | undefined>;
  set(name: string, value: unknown): Promise<void>;
  /** The value that is there, or this one where none was: all workers get the same. */
  getOrSet<T>(name: string, value: T): Promise<T>;
}

export function factStore({ query }: Pick<Database, 'query'>): FactStore {
  return {
    async get<T>(name: string) {
      const [row] = await query<{ value: T; updatedAt: Date }>(
        'select value, updated_at as "updatedAt" from fact where name = $1',
        [name],
      );
      return row;
    },
    async getOrSet<T>(name: string, value: T) {
      await query(
        `insert into fact (name, value, updated_at) values ($1, $2, now()) on conflict (name) do nothing`,
        [name, JSON.stringify(value)],
      );
      const [row] = await query<{ value: T }>('select value from fact where name = $1', [name]);
      return row?.value ?? value;
    },
    async set(name, value) {
      await query(
        `insert into fact (name, value, updated_at) values ($1, $2, now())
         on conflict (name) do update set value = excluded.value, updated_at = now()`,
        [name, JSON.stringify(value)],
      );
    },
  };
}
