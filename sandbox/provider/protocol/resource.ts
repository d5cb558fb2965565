import type { Aws } from './clients.ts';
import { type Field, type Fields, isObject, type Properties, same } from './field.ts';

/**
 * One resource type: its properties and the AWS calls behind it. `create`, `update` and `delete` get inputs whose
 * `tags` already hold the provider's default tags.
 */
export interface Resource {
  inputs: Fields;
  /** What `read` returns beyond the inputs. */
  outputs: readonly string[];
  /** Outputs that an update can change. */
  volatile?: readonly string[];
  /** The errors by which AWS says that the resource does not exist. */
  notFound: readonly string[];
  /** The inputs that name the resource in AWS. */
  identity: readonly string[];
  /** The identity for an id given to `import`; undefined when the id has another form. */
  parse(id: string): Properties | undefined;
  importForm: string;
  /** The id of an imported resource, when it differs from the id given to `import`. */
  id?(found: Properties): string;
  /** Makes the resource and returns its id. A name already taken is the API's own error where it has one. */
  create(aws: Aws, inputs: Properties): Promise<string>;
  /** Work after `create` that may fail without losing the resource. */
  finish?(aws: Aws, inputs: Properties, id: string): Promise<unknown>;
  /**
   * The resource as it is now (`tags`: all of them); undefined, or one of the errors, when it does not exist. Calls
   * after the one that finds it go through `ofFound`.
   */
  read(aws: Aws, known: Properties): Promise<Properties | undefined>;
  /** Updates everything but tags from `old` (outputs) to `inputs`. */
  update?(aws: Aws, inputs: Properties, old: Properties, oldInputs: Properties): Promise<unknown>;
  /** Sets at least one tag. */
  tag?(aws: Aws, old: Properties, tags: Record<string, string>): Promise<unknown>;
  /** Removes at least one tag. */
  untag?(aws: Aws, old: Properties, keys: string[]): Promise<unknown>;
  /** Deletes the resource; one of the errors is fine. */
  delete(aws: Aws, old: Properties): Promise<unknown>;
}

/** A resource whose id is the input that names it. */
export const namedBy = (input: string, importForm = input) => ({
  identity: [input],
  parse: (id: string): Properties => ({ [input]: id }),
  importForm,
});

export const text: Field = { kind: 'string' };
export const name: Field = { kind: 'string', required: true, replace: true };
export const integer: Field = { kind: 'integer' };
export const regional: Fields = { region: { kind: 'string', replace: true, computed: true } };
export const tagged: Fields = { tags: { kind: 'map' } };

/** The tags of a resource: the provider's default tags, overridden by its own. */
export function tagsOf(inputs: Properties, defaultTags: Record<string, string>): Record<string, string> {
  return { ...defaultTags, ...(isObject(inputs.tags) ? (inputs.tags as Record<string, string>) : {}) };
}

/** Tags as most AWS APIs take them. */
export function tagList(tags: Properties[string]): { Key: string; Value: string }[] {
  const map = isObject(tags) ? tags : {};
  return Object.entries(map).map(([Key, value]) => ({ Key, Value: String(value) }));
}

/** Tags as most AWS APIs return them, as a map without those of AWS itself. */
export function tagMap(tags: { Key?: string; Value?: string }[] | undefined): Record<string, string> {
  const own = (tags ?? []).filter(({ Key }) => Key !== undefined && !Key.startsWith('aws:'));
  return Object.fromEntries(own.map(({ Key, Value }) => [Key ?? '', Value ?? '']));
}

/** Tags that AWS returns as a map, without those of AWS itself. */
export function ownTags(tags: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith('aws:')));
}

/** The value of the call, or undefined when AWS answers with one of the named errors. */
export async function unless<T>(call: Promise<T>, ...errors: string[]): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && errors.includes(error.name)) return undefined;
    throw error;
  }
}

/**
 * The value of a later call of `read`, about a resource that an earlier call found. Where AWS answers that it does not
 * exist, the read fails, as in the official plugin; only the first call says that the resource does not exist.
 */
export async function ofFound<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    const { name, message } = cause as Error;
    throw new Error(`${name}: ${message}`, { cause });
  }
}

/**
 * The value of the call, tried again for up to 20 seconds while AWS says that it does not know a role or principal
 * made a moment ago (IAM is eventually consistent).
 */
export async function whileIamSettles<T>(call: () => Promise<T>): Promise<T> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const unsettled =
        error instanceof Error &&
        /cannot be assumed|Invalid principal|execution role does not have permissions/i.test(error.message);
      if (!unsettled || Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

/**
 * Returns when `pending` answers undefined; it is called every half second. @throws after a minute, with its last answer
 */
export async function settles(pending: () => Promise<string | undefined>): Promise<void> {
  for (const until = Date.now() + 60_000; ; ) {
    const problem = await pending();
    if (problem === undefined) return;
    if (Date.now() > until) throw new Error(`${problem} after 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Whether an input means something else to AWS after an update than before. */
export function changedBetween(fields: Fields, before: Properties, after: Properties) {
  return (name: string): boolean => {
    const field = fields[name];
    return field !== undefined && !same(field, before[name], after[name]);
  };
}

/** A property that check() verified to be a string. */
export function string(properties: Properties, name: string): string {
  const value = properties[name];
  if (typeof value !== 'string') throw new Error(`property "${name}" is missing or no string`);
  return value;
}

/** An optional property of the caller's type, which check() verified. */
export function optional<T extends string | number | boolean | string[]>(
  properties: Properties,
  name: string,
): T | undefined {
  return (properties[name] ?? undefined) as T | undefined;
}

/** The object in a property, empty when absent. */
export function nested(properties: Properties, name: string): Properties {
  const value = properties[name];
  return isObject(value) ? value : {};
}
