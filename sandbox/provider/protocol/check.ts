import { type Field, type Fields, hasUnknown, isObject, type Properties, type Value } from './field.ts';

export interface Failure {
  property: string;
  reason: string;
}

/**
 * The properties that a program may not set: unknown, missing or of the wrong type, each with what is accepted. Values
 * that are not known yet pass.
 */
export function failures(type: string, fields: Fields, inputs: Properties, prefix = ''): Failure[] {
  const found: Failure[] = [];
  for (const name of Object.keys(inputs)) {
    if (fields[name] || name === '__defaults' || inputs[name] === undefined) continue;
    const accepted = Object.keys(fields).sort().join(', ');
    found.push({
      property: prefix + name,
      reason: `${type} has no property "${prefix}${name}" in the sandbox's AWS provider; it accepts ${accepted}`,
    });
  }
  for (const [name, field] of Object.entries(fields)) {
    const value = inputs[name];
    const property = prefix + name;
    if (value === undefined || value === null) {
      if (!field.required) continue;
      const hint = name === 'name' ? ' (no name is generated here: give one)' : '';
      found.push({ property, reason: `${type} needs property "${property}": ${accepts(field)}${hint}` });
    } else if (!hasUnknown(value)) {
      found.push(...mismatches(type, property, field, value));
    }
  }
  return found;
}

function mismatches(type: string, property: string, field: Field, value: Value): Failure[] {
  if (field.kind === 'object' && isObject(value)) {
    return failures(type, field.fields ?? {}, value, `${property}.`);
  }
  if (field.kind === 'objects' && Array.isArray(value) && value.every(isObject)) {
    const each = (one: Properties, index: number) =>
      failures(type, field.fields ?? {}, one, `${property}[${index}].`);
    return value.flatMap(each);
  }
  const problem = fits(field, value);
  return problem === undefined
    ? []
    : [{ property, reason: `property "${property}" of ${type} must be ${accepts(field)}: ${problem}` }];
}

/** What is wrong with the value, or undefined. */
function fits(field: Field, value: Value): string | undefined {
  const got = `it is ${Array.isArray(value) ? 'a list' : isObject(value) ? 'an object' : JSON.stringify(value)}`;
  const texts = (list: Value[]): boolean => list.every((one) => typeof one === 'string');
  switch (field.kind) {
    case 'string':
      return typeof value === 'string' && (value !== '' || !field.required) ? undefined : got;
    case 'integer':
      return Number.isInteger(value) ? undefined : got;
    case 'number':
    case 'boolean':
      return typeof value === field.kind ? undefined : got;
    case 'strings':
      return Array.isArray(value) && texts(value) ? undefined : got;
    case 'map':
      return isObject(value) && texts(Object.values(value)) ? undefined : got;
    case 'json':
    case 'policy':
      return isObject(value) ? undefined : notDocument(value);
    case 'archive':
      return isObject(value) && typeof value.hash === 'string' ? undefined : got;
    case 'object':
    case 'objects':
      return got;
  }
}

function notDocument(value: Value): string | undefined {
  if (typeof value !== 'string') return 'it is no text';
  try {
    return isObject(JSON.parse(value)) ? undefined : 'the JSON is no object';
  } catch (error) {
    return (error as Error).message;
  }
}

function accepts(field: Field): string {
  const said: Record<Field['kind'], string> = {
    string: 'a string',
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    json: 'a JSON object, as text',
    policy: 'a policy document, as JSON text or object',
    strings: 'a list of strings',
    map: 'a map of strings',
    archive: 'an archive (pulumi.asset.AssetArchive or FileArchive)',
    object: `an object with ${Object.keys(field.fields ?? {}).join(', ')}`,
    objects: `a list of objects with ${Object.keys(field.fields ?? {}).join(', ')}`,
  };
  return said[field.kind];
}

/** The inputs as they are stored: documents given as objects become text, and absent values are dropped. */
export function normalize(fields: Fields, inputs: Properties): Properties {
  const kept: Properties = {};
  for (const [name, value] of Object.entries(inputs)) {
    const field = fields[name];
    if (!field || value === undefined || value === null) continue;
    const document = (field.kind === 'json' || field.kind === 'policy') && isObject(value);
    kept[name] = document && !hasUnknown(value) ? JSON.stringify(value) : value;
  }
  return kept;
}
