import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Fields } from '../../../../sandbox/provider/protocol/field.ts';
import { table } from '../../../../sandbox/provider/table.ts';

const sdk = new URL('../../../../node_modules/@pulumi/aws/', import.meta.url);
const nestedTypes = readFileSync(new URL('types/input.d.ts', sdk), 'utf8');

/** The members of an interface or class in a declaration file: name to declared type. */
function members(source: string, start: string, member: RegExp): Map<string, string> {
  const from = source.indexOf(`${start} {`);
  if (from < 0) throw new Error(`no ${start}`);
  const indent = /[ ]*$/.exec(source.slice(0, from))?.[0] ?? '';
  const body = source.slice(from, source.indexOf(`\n${indent}}`, from));
  return new Map([...body.matchAll(member)].map(([, name = '', type = '']) => [name, type]));
}
const ARGUMENT = /^ +(\w+)(?:\?)?: (.*)$/gm;
const OUTPUT = /^ +readonly (\w+): (.*)$/gm;

/** Whether the Pulumi type of a property is of the kind that the table says. */
const KINDS: Record<string, RegExp> = {
  string: /string/,
  integer: /number/,
  number: /number/,
  boolean: /boolean/,
  json: /string/,
  policy: /string/,
  strings: /\[\]/,
  map: /\{$/,
  archive: /Archive/,
  object: /inputs\./,
  objects: /inputs\..*\[\]/,
};

function compare(fields: Fields, declared: Map<string, string>): void {
  for (const [name, field] of Object.entries(fields)) {
    const type = declared.get(name);
    expect(type, `property ${name}`).toBeDefined();
    expect(type, `kind of ${name}`).toMatch(KINDS[field.kind] as RegExp);
    if (!field.fields || !type) continue;
    const inner = /inputs\.\w+\.(\w+)/.exec(type)?.[1];
    compare(field.fields, members(nestedTypes, `interface ${inner}`, ARGUMENT));
  }
}

describe.each(Object.keys(table))('%s', (token) => {
  const [, path = '', kind = ''] = token.split(':');
  const source = readFileSync(new URL(`${path}.d.ts`, sdk), 'utf8');
  const resource = table[token];
  if (!resource) throw new Error('no such row');

  test('has only properties that @pulumi/aws has, of the same type', () => {
    compare(resource.inputs, members(source, `export interface ${kind}Args`, ARGUMENT));
  });

  test('returns only outputs that @pulumi/aws has', () => {
    const outputs = members(source, `export declare class ${kind} extends pulumi.CustomResource`, OUTPUT);
    for (const name of [...resource.outputs, ...(resource.inputs.tags ? ['tagsAll'] : [])]) {
      expect(outputs.has(name), name).toBe(true);
    }
  });

  test('is identified by required or defaulted inputs that need a replacement', () => {
    for (const name of resource.identity) expect(resource.inputs[name]?.replace, name).toBe(true);
  });

  test('requires what @pulumi/aws requires', () => {
    const args = source.slice(source.indexOf(`export interface ${kind}Args {`));
    for (const [, name = ''] of args.matchAll(/^ {4}(\w+): /gm)) {
      expect(resource.inputs[name]?.required, name).toBe(true);
    }
  });
});
