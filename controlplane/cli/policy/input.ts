import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type * as z from 'zod';
import { type Policy, parsePolicy } from '../../../lambda/policy/parse.ts';
import { readYaml } from '../../../lambda/policy/yaml.ts';
import { PortcullisError, reasonOf } from '../../settings/errors.ts';

/** A file of input as it was read. Messages call it `name`. */
export interface Input {
  readonly name: string;
  readonly text: string;
}

const mebibyte = 1024 * 1024;
const limit = 256 * mebibyte;

/** Wrong input: `what` says where in the file, what is wrong there, and how to fix it. */
export function mistake(name: string, what: string, cause?: unknown): PortcullisError {
  return new PortcullisError('invalid-request', `${name}: ${what}`, { cause });
}

/** What a parser or the file system refuses is the file's mistake. */
function unreadable(name: string, error: unknown): never {
  throw mistake(name, `cannot be read: ${reasonOf(error)}`, error);
}

/** The text of a file, of standard input (`-`) or of a pipe, unpacked where it is gzip. At most 256 MiB. */
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

/** Byte order marks, the longer ones first, with what they mean and the decoder's name where there is one. */
const marks: readonly [bytes: number[], encoding: string, decoder?: string][] = [
  [[0xff, 0xfe, 0, 0], 'UTF-32 (little-endian)'],
  [[0, 0, 0xfe, 0xff], 'UTF-32 (big-endian)'],
  [[0xef, 0xbb, 0xbf], 'UTF-8', 'utf-8'],
  [[0xff, 0xfe], 'UTF-16 (little-endian)', 'utf-16le'],
  [[0xfe, 0xff], 'UTF-16 (big-endian)', 'utf-16be'],
];

/** The byte order mark decides the encoding, which is UTF-8 without one. @throws naming any other, and the fix. */
function decoded(name: string, bytes: Buffer): string {
  const marked = marks.find(([mark]) => mark.every((byte, index) => bytes[index] === byte));
  const [, encoding, decoder] = marked ?? [[], ...unmarked(bytes)];
  try {
    if (decoder) return new TextDecoder(decoder, { fatal: true }).decode(bytes);
  } catch {
    const broken = marked ? `begins as ${encoding} and holds bytes that are not` : 'is not UTF-8';
    throw mistake(name, `${broken}; ${saveAsUtf8}`);
  }
  throw mistake(name, `is ${encoding}; ${saveAsUtf8}`);
}

const saveAsUtf8 = 'save it as UTF-8 (PowerShell: Get-Content FILE | Set-Content -Encoding utf8 NEW)';

/** JSON and YAML begin with ASCII: a zero byte beside the first character tells UTF-16. */
function unmarked([first, second]: Buffer): [encoding: string, decoder?: string] {
  if (first === 0 && second) return ['UTF-16 (big-endian) without a byte order mark'];
  if (first && second === 0) return ['UTF-16 (little-endian) without a byte order mark'];
  return ['UTF-8', 'utf-8'];
}

/** The files that a path names: itself, or of a directory every file of events below it, in order. */
export async function filesOf(path: string): Promise<string[]> {
  const found = path === '-' ? undefined : await stat(path).catch((error) => unreadable(path, error));
  if (!found?.isDirectory()) return [path];
  const entries = await readdir(path, { recursive: true }).catch((error) => unreadable(path, error));
  const files = entries.filter((entry) => /\.(json|ndjson|jsonl)(\.gz)?$/.test(entry)).sort();
  if (files.length === 0) throw mistake(path, 'holds no .json, .ndjson or .jsonl file, packed (.gz) or not');
  return files.map((file) => join(path, file));
}

/** The value of a text: JSON where it begins with a bracket, else YAML. */
export function parseValue({ name, text }: Input): unknown {
  if (text.trim() === '') throw mistake(name, 'is empty');
  if (!/^\s*[[{]/.test(text)) return parseYaml({ name, text });
  if (depthOf(text) > 100) throw mistake(name, 'nests too deep for anything that AWS writes');
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = reasonOf(error).replace(/\s+/g, ' ');
    throw mistake(name, `line ${brokenLine(text, reason)}: is not JSON: ${reason}`, error);
  }
}

/** The values of a text: one on each line, if the first line is a whole object and more lines follow; else one value. */
export function parseValues({ name, text }: Input): unknown[] {
  const [first = ''] = /^\s*\{.*$/m.exec(text) ?? [];
  const isWhole = text.trim() === first.trim() || !text.trimStart().startsWith(first.trim());
  if (isWhole || !isJson(first)) return [parseValue({ name, text })];
  const values: unknown[] = [];
  for (const [index, line] of text.split('\n').entries())
    if (line.trim() !== '') values.push(parseValue({ name: `${name}: line ${index + 1}`, text: line }));
  return values;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
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

/** The parser names a line for some mistakes only; the YAML parser finds the others, in files that are not too large for it. */
function brokenLine(text: string, reason: string): number {
  const [, shown] = /\(line (\d+) column/.exec(reason) ?? [];
  if (shown) return Number(shown);
  const lines = text.slice(0, mebibyte);
  const [first] = reason.includes('end of JSON') ? [] : readYaml(lines).mistakes;
  return first?.line ?? lines.trimEnd().split('\n').length;
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

/** What a schema makes of a value. @throws naming file, field and fix of the first few mistakes. */
export function parseAs<Schema extends z.ZodType>(schema: Schema, value: unknown, name: string) {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map((issue) => {
    const wrong = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
    return `${fieldOf(issue.path)}: ${wrong.message}`;
  });
  throw allOf(name, mistakes);
}

/** The first few of several mistakes in one file, each on a line of its own. */
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

export const fileName = (path: string): string => basename(path).replace(/\.(json|ya?ml)(\.gz)?$/, '');
