import type { ConstructorOptions } from 'pg-boss';

/** One parameterised statement; its rows. */
export type Query = <Row>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>;

export interface Database {
  readonly kind: 'pglite' | 'postgres';
  readonly query: Query;
  /** All statements that the work makes by the query it is given take effect, or, where it throws, none does. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /** What pg-boss needs to keep its queue in the same database. */
  readonly queueOptions: ConstructorOptions;
  close(): Promise<void>;
}
