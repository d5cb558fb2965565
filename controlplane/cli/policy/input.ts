import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type * as z from 'zod';
import { type Policy, parsePolicy } from '../../../lambda/policy/parse.ts';
import { readYaml } from '../../../lambda/policy/yaml.ts';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';

/** A text to parse. Messages call it `name`. */
export interface Input {
  readonly name: string;
  readonly text: string;
  /** The line of the file that the text is, if each line is a value of its own, in JSON. */
  readonly line?: number;
}

const mebibyte = 1024 * 1024;
const limit = 256 * mebibyte;

/** Wrong input: `what` says where in the file, what is wrong there, and how to fix it. */
export function mistake(name: string, what: string, cause?: unknown): PortcullisError {
  return new PortcullisError('invalid-request', `${name}: ${what}`, { cause });
}

function unreadable(name: string, error: unknown): never {
  throw mistake(name, `cannot be read: ${reasonOf(error)}`, error);
}

/** The text of a file, of standard input (`-`) or of a pipe, unpacked if it is gzip. At most 256 MiB. */
export async function readInput(name: string): Promise<Input> {
  const bytes = await bytesOf(name).catch((error) => unreadable(name, error));
  return { name, text: decoded(name, bytes) };
}

async function bytesOf(name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of name === '-' ? process.stdin : createReadStream(name)) {
    length += chunk.length;
    if (length > limit) throw new Error(`is larger than ${limit / mebibyte} MiB; split it`);
    chunks.push(chunk);
  }
  const raw = Buffer.concat(chunks);
  return raw[0] === 0x1f && raw[1] === 0x8b ? gunzipSync(raw, { maxOutputLength: limit }) : raw;
}

/** Encodings by the first four bytes in hex: a byte order mark, or a zero byte next to the ASCII of JSON and YAML. */
const encodings: readonly [bytes: RegExp, encoding: string, decoder?: string][] = [
  [/^fffe0000/, 'UTF-32 (little-endian)'],
  [/^0000feff/, 'UTF-32 (big-endian)'],
  [/^fffe/, 'UTF-16 (little-endian)', 'utf-16le'],
  [/^feff/, 'UTF-16 (big-endian)', 'utf-16be'],
  [/^(?!00)..00/, 'UTF-16 (little-endian) without a byte order mark'],
  [/^00(?!00)../, 'UTF-16 (big-endian) without a byte order mark'],
  [/^/, 'UTF-8', 'utf-8'],
];

/** @throws naming the encoding, and the fix, if it is not one that can be read */
function decoded(name: string, bytes: Buffer): string {
  const first = bytes.toString('hex', 0, 4);
  const [, encoding, decoder] = encodings.find(([pattern]) => pattern.test(first)) ?? [];
  const fix = 'save it as UTF-8 (PowerShell: Get-Content FILE | Set-Content -Encoding utf8 NEW)';
  if (!decoder) throw mistake(name, `is ${encoding}; ${fix}`);
  try {
    return new TextDecoder(decoder, { fatal: true }).decode(bytes);
  } catch {
    throw mistake(name, `is not ${encoding}; ${fix}`);
  }
}

/** The file that a path names, or all files of events below the directory that it names, in order. */
export async function filesOf(path: string): Promise<string[]> {
  const found = path === '-' ? undefined : await stat(path).catch((error) => unreadable(path, error));
  if (!found?.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true }).catch((error) => unreadable(path, error));
  const files = entries.filter((entry) => /\.(json|ndjson|jsonl)(\.gz)?$/.test(entry)).sort();
  if (files.length === 0) throw mistake(path, 'has no .json, .ndjson or .jsonl file, with or without .gz');
  return files.map((file) => join(path, file));
}

/** The value of a text: JSON if it begins with a bracket or is one of several lines, else YAML. */
export function parseValue({ name, text, line }: Input): unknown {
  if (text.trim() === '') throw mistake(name, 'is empty');
  if (line === undefined && !/^\s*[[{]/.test(text)) return parseYaml({ name, text });
  const { value, error } = tryJson(text);
  if (error) {
    const reason = error.replace(/\s+/g, ' ');
    throw mistake(name, `line ${line ?? brokenLine(text)}: is not JSON: ${reason}`);
  }
  const where = line === undefined ? '' : `line ${line}: `;
  if (isDeeperThan(100, value)) throw mistake(name, `${where}is nested deeper than anything that AWS writes`);
  return value;
}

/** The values of a text: one on each line if the first line is a whole object and more lines follow, else one value. */
export function parseValues({ name, text }: Input): unknown[] {
  const lines = [...text.split('\n').entries()].filter(([, line]) => line.trim() !== '');
  const [[, first] = [0, '']] = lines;
  if (lines.length < 2 || !/^\s*\{/.test(first) || tryJson(first).error) return [parseValue({ name, text })];
  return lines.map(([index, line]) => parseValue({ name, text: line, line: index + 1 }));
}

function tryJson(text: string): { value?: unknown; error?: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

/** The first line that cannot follow the lines before it, found by halving: `JSON.parse` names it for some mistakes only. */
function brokenLine(text: string): number {
  const lines = text.trimEnd().split('\n');
  let [good, bad] = [0, lines.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isBeginning(`${lines.slice(0, middle).join('\n')}\n`)) good = middle;
    else bad = middle;
  }
  return bad;
}

/** Whether the only mistake in a text of JSON is that it ends too early. */
function isBeginning(text: string): boolean {
  const { error = 'end of JSON' } = tryJson(text);
  const [, position] = /at position (\d+)/.exec(error) ?? [];
  return position === undefined ? error.includes('end of JSON') : Number(position) >= text.length;
}

/** Whether lists and objects are nested deeper than so many levels. A loop, because recursion has a limit itself. */
function isDeeperThan(levels: number, value: unknown): boolean {
  const isObject = (each: unknown): each is object => typeof each === 'object' && each !== null;
  let level: object[] = [{ value }];
  for (let depth = 0; depth <= levels; depth += 1)
    level = level.flatMap((each) => Object.values(each).filter(isObject));
  return level.length > 0;
}

/** YAML, of which JSON is a part. */
export function parseYaml({ name, text }: Input): unknown {
  try {
    const { document, mistakes } = readYaml(text);
    if (mistakes.length === 0) return document.toJS();
    const lines = mistakes.map(({ line, message }) => `line ${line}: ${message}`);
    throw allOf(name, lines);
  } catch (error) {
    if (error instanceof PortcullisError) throw error;
    return unreadable(name, error);
  }
}

/** A value that a schema accepts. @throws naming file, field and fix of the first five mistakes */
export function parseAs<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string) {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => {
    const wrong = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
    return `${fieldOf(issue.path)}: ${wrong.message}`;
  });
  throw allOf(name, mistakes);
}

/** The first five mistakes in a file, each on its own line. */
function allOf(name: string, mistakes: readonly string[]): PortcullisError {
  const more = mistakes.length > 5 ? [`and ${mistakes.length - 5} more mistakes`] : [];
  return mistake(name, [...mistakes.slice(0, 5), ...more].join(`\n  ${name}: `));
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

/** The value of a file of JSON or YAML. */
export const readValue = async (name: string): Promise<unknown> => parseValue(await readInput(name));
