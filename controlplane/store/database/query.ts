import type { ConstructorOptions } from 'pg-boss';

/** One parameterised statement; its rows, with the column `account_id` as `accountId`. */
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

const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Rows as the database gave them, with the names of their columns in camelCase; what is inside JSON stays. */
export function camelCased<Row>(rows: readonly object[]): Row[] {
  const names = Object.keys(rows[0] ?? {}).map((name) => [name, camelCase(name)] as const);
  if (names.every(([name, ours]) => name === ours)) return rows as Row[];
  return rows.map((row) => {
    const values = row as Readonly<Record<string, unknown>>;
    return Object.fromEntries(names.map(([name, ours]) => [ours, values[name]])) as Row;
  });
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The reverse: objects as the JSON of rows, for `jsonb_populate_recordset`. Names inside a value stay as they are. */
export const rowsOf = (objects: readonly object[]): string =>
  JSON.stringify(
    objects.map((each) =>
      Object.fromEntries(Object.entries(each).map(([name, value]) => [snakeCase(name), value])),
    ),
  );

export const firstRow = async <Row>(
  query: Query,
  sql: string,
  parameters?: readonly unknown[],
): Promise<Row | undefined> => (await query<Row>(sql, parameters))[0];

/** The first column of each row. */
export const firstColumn = async <Value = string>(
  query: Query,
  sql: string,
  parameters?: readonly unknown[],
): Promise<Value[]> => (await query<object>(sql, parameters)).map((row) => Object.values(row)[0] as Value);

/** The first column of the first row. */
export const firstValue = async <Value>(
  query: Query,
  sql: string,
  parameters?: readonly unknown[],
): Promise<Value | undefined> => (await firstColumn<Value>(query, sql, parameters))[0];

/** Wraps work whose first argument is a query: each call runs in a transaction of its own. */
export const inTransaction =
  <Given extends readonly unknown[], T>(
    { transaction }: Pick<Database, 'transaction'>,
    work: (query: Query, ...given: Given) => Promise<T>,
  ) =>
  (...given: Given): Promise<T> =>
    transaction((query) => work(query, ...given));
