import { PortcullisError } from '../../settings/errors.ts';
import type { Query } from './query.ts';

/** Which part of a list: at most so many items, after the position at which the page before ended. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: readonly string[] | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The position of the last item; undefined where nothing follows. */
  readonly last: readonly string[] | undefined;
  /** How many items the list has with these filters. The statement of the first page counts them, no other does. */
  readonly total: number | undefined;
}

type Type = 'text' | 'boolean' | 'timestamptz' | 'bigint' | 'uuid';

const isOf: Readonly<Record<Type, RegExp>> = {
  text: /^[^\0]*$/,
  boolean: /^(true|false)$/,
  timestamptz: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d){0,2}$/,
  bigint: /^\d{1,18}$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
};

/** One condition: its SQL, with `$value` where the value goes. An undefined value leaves the condition out. */
export type Condition = readonly [sql: string, value: unknown];

/** Filters of a list. An item must match all that are given. */
export type Filter<Name extends string> = { readonly [Key in Name]?: string | undefined };

export interface Listing {
  readonly columns: string;
  readonly from: string;
  /** Expressions with their types. Together they are unique, so that no item is skipped or comes twice. */
  readonly order: Readonly<Record<string, Type>>;
  readonly descending?: boolean;
  /** What columns must be equal to. An undefined value leaves the condition out. */
  readonly equal?: Readonly<Record<string, unknown>>;
  readonly where?: readonly Condition[];
  /** The page has no total. */
  readonly countedElsewhere?: true;
}

/** Conditions as the text of a `where`, with the parameters that they use. */
export function matching(conditions: readonly Condition[]): { where: string; parameters: unknown[] } {
  const given = conditions.filter(([, value]) => value !== undefined);
  const texts = given.map(([sql], index) => `(${sql.replaceAll('$value', `$${index + 1}`)})`);
  return { where: texts.join(' and ') || 'true', parameters: given.map(([, value]) => value) };
}

/** The mistake of a cursor that cannot be continued. */
export const wrongCursor = (what: string) =>
  new PortcullisError('invalid-request', `cursor: ${what}; leave it out to start again`);

function checkPosition(types: readonly Type[], after: readonly string[]): void {
  const fits =
    after.length === types.length && types.every((type, index) => isOf[type].test(after[index] ?? '\0'));
  if (!fits) throw wrongCursor('is not one that this list gave');
}

/**
 * One page of a list in a stable order: what is added or deleted between two pages moves no other item.
 * @throws PortcullisError `invalid-request` where the position is not of this list
 */
export async function readPage<Item>(
  query: Query,
  { limit, after }: PageRequest,
  { columns, from, order, descending = false, equal = {}, where: conditions = [], countedElsewhere }: Listing,
): Promise<Page<Item>> {
  const equalities = Object.entries(equal).map(([column, value]) => [`${column} = $value`, value] as const);
  const { where, parameters } = matching([...equalities, ...conditions]);
  const [expressions, types] = [Object.keys(order), Object.values(order)];
  const row = expressions.join(', ');
  if (after) checkPosition(types, after);
  const place = types.map((type, index) => `$${parameters.length + index + 1}::${type}`);
  const beyond = after ? `and (${row}) ${descending ? '<' : '>'} (${place.join(', ')})` : '';
  const total = after || countedElsewhere ? 'null' : `(select count(*)::int from ${from} where ${where})`;
  const rows = await query<Item & { position: string[]; total: number | null }>(
    `select ${columns}, array[${expressions.map((each) => `(${each})::text`).join(', ')}] as position,
       ${total} as total
     from ${from} where ${where} ${beyond}
     order by ${expressions.map((each) => `${each}${descending ? ' desc' : ''}`).join(', ')}
     limit ${limit + 1}`,
    [...parameters, ...(after ?? [])],
  );
  const shown = rows.slice(0, limit);
  return {
    items: shown.map(({ position: _, total: __, ...item }) => item as Item),
    last: rows.length > limit ? shown.at(-1)?.position : undefined,
    total: after || countedElsewhere ? undefined : (rows[0]?.total ?? 0),
  };
}

/**
 * One page of a list that is in memory already, in its order. `positionOf` identifies an item.
 * @throws PortcullisError `invalid-request` where the item of the position is no longer in the list
 */
export function pageOf<Item>(
  items: readonly Item[],
  positionOf: (item: Item) => readonly string[],
  { limit, after }: PageRequest,
): Page<Item> {
  const place = after?.join('\0');
  const index = after ? items.findIndex((item) => positionOf(item).join('\0') === place) : -1;
  if (after && index < 0) throw wrongCursor('is of an item that is not in the list now');
  const shown = items.slice(index + 1, index + 1 + limit);
  const [last] = shown.slice(-1);
  const more = index + 1 + shown.length < items.length;
  return {
    items: shown,
    last: more && last ? positionOf(last) : undefined,
    total: after ? undefined : items.length,
  };
}
