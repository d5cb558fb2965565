/** A property value as it travels between engine and provider: plain JSON. */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Properties = { [name: string]: Value | undefined };

/**
 * What a property holds. `json` is an event pattern: its lists are sets. `policy` is a policy document, compared
 * by meaning (see {@link canonical}). `strings` is a set. `object` has its own `fields`, `objects` is a set of such.
 */
export type Kind =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'json'
  | 'policy'
  | 'strings'
  | 'map'
  | 'archive'
  | 'object'
  | 'objects';

export interface Field {
  kind: Kind;
  required?: boolean;
  /** A change needs a new resource. */
  replace?: boolean;
  /** The value that AWS uses when the program sets none. */
  default?: Value;
  /** AWS chooses a value when the program sets none, so any value is then correct. */
  computed?: boolean;
  fields?: Fields;
}
export type Fields = { [name: string]: Field };

/** In a preview, the value of a property that is known only after the update (source: Pulumi's wire format). */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

export function isObject(value: unknown): value is { [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether an unknown is anywhere in the value, so that nothing can be decided from it. */
export function hasUnknown(value: Value | undefined): boolean {
  if (Array.isArray(value)) return value.some(hasUnknown);
  if (isObject(value)) return Object.values(value).some(hasUnknown);
  return value === UNKNOWN;
}

/** JSON text with sorted keys, equal for equal values. */
export function stableText(value: Value | undefined): string {
  return JSON.stringify(value, (_, held) =>
    isObject(held) ? Object.fromEntries(Object.entries(held).sort(([a], [b]) => (a < b ? -1 : 1))) : held,
  );
}

/**
 * One value for all values that AWS treats as equal: absent, empty and default are one; lists of strings are sets;
 * documents are compared parsed. Text that is not JSON stands for itself.
 */
export function canonical(field: Field, value: Value | undefined): Value | undefined {
  if (value === undefined || value === null || value === '') {
    return field.kind === 'object' ? canonicalObject(field, {}) : field.default;
  }
  if (value === UNKNOWN) return UNKNOWN;
  switch (field.kind) {
    case 'json':
      return sortLists(parse(value));
    case 'policy':
      return canonicalPolicy(parse(value));
    case 'strings':
      return Array.isArray(value) && value.length > 0 ? sortLists(value) : field.default;
    case 'map':
      return isObject(value) && Object.keys(value).length > 0 ? value : field.default;
    case 'archive':
      return isObject(value) && typeof value.hash === 'string' ? value.hash : value;
    case 'object':
      return isObject(value) ? canonicalObject(field, value) : value;
    case 'objects':
      if (!Array.isArray(value) || value.length === 0) return field.default;
      return sortLists(value.map((one) => (isObject(one) ? (canonicalObject(field, one) ?? {}) : one)));
    default:
      return value;
  }
}

/** Whether two values of a property mean the same to AWS. */
export function same(field: Field, a: Value | undefined, b: Value | undefined): boolean {
  return stableText(canonical(field, a)) === stableText(canonical(field, b));
}

function canonicalObject(field: Field, value: { [key: string]: Value }): Value | undefined {
  const held: { [key: string]: Value } = {};
  for (const [name, inner] of Object.entries(field.fields ?? {})) {
    const one = canonical(inner, value[name]);
    if (one !== undefined) held[name] = one;
  }
  return Object.keys(held).length > 0 ? held : field.default;
}

function parse(value: Value): Value {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value; // check() refuses such text from a program; AWS never returns it
  }
}

function sortLists(value: Value): Value {
  if (Array.isArray(value)) {
    return value.map(sortLists).sort((a, b) => (stableText(a) < stableText(b) ? -1 : 1));
  }
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, sortLists(held)]));
  }
  return value;
}

/**
 * A policy document's meaning: a list of one is its element, order in lists does not count, an account number as
 * principal is that account's root ARN, booleans and numbers are text (source: IAM JSON policy grammar).
 */
function canonicalPolicy(value: Value): Value {
  if (Array.isArray(value)) {
    const [first, ...more] = value;
    return more.length === 0 && first !== undefined
      ? canonicalPolicy(first)
      : sortLists(value.map(canonicalPolicy));
  }
  if (isObject(value)) {
    if (Object.keys(value).length === 1 && value.AWS === '*') return '*';
    return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, canonicalPolicy(held)]));
  }
  return String(value).replace(/^arn:[a-z-]+:iam::(\d{12}):root$/, '$1');
}
