import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseDocument } from 'yaml';
import type * as z from 'zod';
import { type Policy, parsePolicy } from '../../../lambda/policy/parse.ts';
import { readYaml } from '../../../lambda/policy/yaml.ts';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';

/** A file of input as it was read. `name` is what people are told of it. */
export interface Input {
  readonly name: string;
  readonly text: string;
}

const mebibyte = 1024 * 1024;
const limit = 256 * mebibyte;

/** Wrong input: `what` says where in the file, what is wrong there, and how to mend it. */
export function mistake(name: string, what: string, cause?: unknown): PortcullisError {
  return new PortcullisError('invalid-request', `${name}: ${what}`, { cause });
}

/** The text of a file, of standard input (`-`) or of a pipe, unpacked where it is gzip. At most 256 MiB. */
export async function readInput(name: string): Promise<Input> {
  const stream = name === '-' ? process.stdin : createReadStream(name);
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += chunk.length;
      if (bytes > limit) throw new Error(`is larger than ${limit / mebibyte} MiB; split it`);
      chunks.push(chunk);
    }
    const raw = Buffer.concat(chunks);
    const packed = raw[0] === 0x1f && raw[1] === 0x8b;
    return { name, text: (packed ? gunzipSync(raw, { maxOutputLength: limit }) : raw).toString('utf8') };
  } catch (error) {
    throw mistake(name, `cannot be read: ${reasonOf(error)}`, error);
  }
}

/** The files that a path names: itself, or of a directory every .json and .json.gz below it, in order. */
export async function filesOf(path: string): Promise<string[]> {
  const found = path === '-' ? undefined : await stat(path).catch((error) => unreadable(path, error));
  if (!found?.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true }).catch((error) => unreadable(path, error));
  const files = entries.filter((entry) => /\.json(\.gz)?$/.test(entry)).sort();
  if (files.length === 0) throw mistake(path, 'holds no .json or .json.gz file');
  return files.map((file) => join(path, file));
}

function unreadable(path: string, error: unknown): never {
  throw mistake(path, `cannot be read: ${reasonOf(error)}`, error);
}

/** A JSON text's value, which nests at most a hundred deep: AWS's own do not come to twenty. */
export function parseJson({ name, text }: Input): unknown {
  if (depthOf(text) > 100) throw mistake(name, 'nests too deep for anything that AWS writes');
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = (error as Error).message.replace(/\s+/g, ' ');
    throw mistake(name, `line ${brokenLine(text, reason)}: is not JSON: ${reason}`, error);
  }
}

function depthOf(text: string): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (quoted && letter === '\\') at += 1;
    else if (letter === '"') quoted = !quoted;
    else if (!quoted && (letter === '{' || letter === '[')) deepest = Math.max(deepest, ++depth);
    else if (!quoted && (letter === '}' || letter === ']')) depth -= 1;
  }
  return deepest;
}

/** The parser names a line for some mistakes only; the others a second parser finds, in files that are not too large for it. */
function brokenLine(text: string, reason: string): number {
  const [, shown] = /\(line (\d+) column/.exec(reason) ?? [];
  if (shown) return Number(shown);
  const lines = text.slice(0, mebibyte);
  const [first] = reason.includes('end of JSON') ? [] : parseDocument(lines).errors;
  return first?.linePos?.[0].line ?? lines.trimEnd().split('\n').length;
}

/** YAML, of which JSON is a part. */
export function parseYaml({ name, text }: Input): unknown {
  const { document, mistakes } = refused(name, () => readYaml(text));
  const [broken] = mistakes;
  if (broken) throw mistake(name, `line ${broken.line}: ${broken.message}`);
  return refused(name, () => document.toJS());
}

/** What a schema makes of a value. @throws naming file, field and mend of the first few mistakes. */
export function parseAs<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string) {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const shown = parsed.error.issues.slice(0, 5).map((issue) => {
    const wrong = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
    return `${fieldOf(issue.path)}: ${wrong.message}`;
  });
  const more = parsed.error.issues.length - shown.length;
  throw mistake(name, [...shown, ...(more > 0 ? [`and ${more} more mistakes`] : [])].join(`\n  ${name}: `));
}

/** Such as `SecurityGroups[3].IpPermissions[0].IpProtocol`. */
function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text.replace(/^\./, '') || 'the whole';
}

/** @throws `invalid-policy` with the first twenty mistakes in the file. */
export async function readPolicy(name: string): Promise<Policy> {
  const { text } = await readInput(name);
  try {
    return parsePolicy(text);
  } catch (error) {
    const lines = (error instanceof Error ? error.message : String(error)).split('\n');
    const shown = lines.length > 21 ? [...lines.slice(0, 21), `  and ${lines.length - 21} more`] : lines;
    throw new PortcullisError('invalid-policy', `${name}: ${shown.join('\n')}`, { cause: error });
  }
}

/** A parser's own refusal (an alias bomb, too deep a nesting) is the file's mistake. */
function refused<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw mistake(name, `cannot be read: ${reasonOf(error)}`, error);
  }
}

export const fileName = (path: string): string => basename(path).replace(/\.json(\.gz)?$/, '');
