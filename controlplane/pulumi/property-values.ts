import { redact } from '../settings/redact.ts';
import type { Scalar, ValueChange } from '../stacks/operation-record.ts';

type Properties = Readonly<Record<string, unknown>>;

/** A resource before or after a step, as in the engine's events. A secret is an object there, or `[secret]`. */
export interface PropertySource {
  readonly inputs?: Properties;
  readonly outputs?: Properties;
}

/** For a longer value, only the name of the property is reported. */
const longest = 80;

/** The keys of a property path such as `tags["aws:x"].y[0]`. Source: `resource.PropertyPath` of the Pulumi SDK. */
const keysOf = (path: string): string[] =>
  [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|[^.[\]]+/g)].map(([key, quoted]) => quoted ?? key);

function at(properties: Properties | undefined, path: string): unknown {
  let value: unknown = properties;
  for (const key of keysOf(path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Properties)[key];
  }
  return value;
}

const isShown = (value: unknown): value is Scalar =>
  typeof value === 'number' ||
  typeof value === 'boolean' ||
  (typeof value === 'string' && value.length <= longest && !value.includes('[secret]'));

const redacted = redact();

/** Whether neither the value nor a name on its path has the form of a secret. */
function isHarmless(path: string, value: Scalar): boolean {
  return keysOf(path).every((key) => {
    const [after] = Object.values(redacted({ [key]: String(value) }) as Properties);
    return after === String(value);
  });
}

/**
 * Old and new values of changed properties; a property is left out where one of the two is long, a structure or a secret.
 * Undefined where nothing can be shown. Pure.
 */
export function valueChanges(
  properties: readonly string[],
  before: PropertySource | undefined,
  after: PropertySource | undefined,
): Record<string, ValueChange> | undefined {
  const shown = properties.flatMap((path): [string, ValueChange][] => {
    const [from, to] = [before, after].map((source) => at(source?.inputs, path) ?? at(source?.outputs, path));
    if (from === undefined && to === undefined) return [];
    const isSafe = (value: unknown) => value === undefined || (isShown(value) && isHarmless(path, value));
    if (!isSafe(from) || !isSafe(to)) return [];
    return [
      [
        path,
        { ...(from !== undefined && { old: from }), ...(to !== undefined && { new: to }) } as ValueChange,
      ],
    ];
  });
  return shown.length > 0 ? Object.fromEntries(shown) : undefined;
}
