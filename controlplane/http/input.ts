import type { z } from 'zod';
import { PortcullisError } from '../settings/errors.ts';

/** How many mistakes one message names at most. */
const mostMistakes = 10;

/** Characters of one mistake at most: it can repeat a name of the request. */
const longestMistake = 300;

/** How long a part of a path may be; ids are shorter. */
const longestParameter = 300;

/** A text that the database cannot hold: NUL, or half of a surrogate pair. The field it is in, or undefined. */
function unstorable(value: unknown, field: string): string | undefined {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? field : undefined;
  if (typeof value !== 'object' || value === null || value instanceof Date) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const found = unstorable(inner, field ? `${field}.${name}` : name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function refuseUnstorable(value: unknown, where: string): void {
  const field = unstorable(value, '');
  if (field === undefined) return;
  throw new PortcullisError(
    'invalid-request',
    `${field || where}: a NUL character or half of a surrogate pair is not taken`,
  );
}

const shortened = (text: string) =>
  text.length > longestMistake ? `${text.slice(0, longestMistake).toWellFormed()}…` : text;

/** A body or a query by its schema. @throws PortcullisError `invalid-request`, naming each field that is wrong */
export function parseInput<T>(
  schema: z.ZodType<T> | undefined,
  value: unknown,
  where: string,
): T | undefined {
  if (!schema) return undefined;
  const parsed = schema.safeParse(value ?? {});
  if (!parsed.success) {
    const said = parsed.error.issues
      .slice(0, mostMistakes)
      .map(({ path, message }) => shortened(`${path.join('.') || where}: ${message}`));
    throw new PortcullisError('invalid-request', said.join('; '));
  }
  refuseUnstorable(parsed.data, where);
  return parsed.data;
}

/** The parameters of a path. @throws PortcullisError `invalid-request` */
export function parseParameters(given: Readonly<Record<string, unknown>>): Record<string, string> {
  const parameters = given as Record<string, string>;
  refuseUnstorable(parameters, 'path');
  for (const [name, value] of Object.entries(parameters))
    if (value.length > longestParameter)
      throw new PortcullisError('invalid-request', `${name}: use at most ${longestParameter} characters`);
  return parameters;
}
