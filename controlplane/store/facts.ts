import type { Database } from './database/database.ts';

/** Single things that every worker has to know, by name, as they were last found. */
export interface FactStore {
  get<T>(name: string): Promise<{ value: T; updatedAt: Date } | undefined>;
  set(name: string, value: unknown): Promise<void>;
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
    async set(name, value) {
      await query(
        `insert into fact (name, value, updated_at) values ($1, $2, now())
         on conflict (name) do update set value = excluded.value, updated_at = now()`,
        [name, JSON.stringify(value)],
      );
    },
  };
}
