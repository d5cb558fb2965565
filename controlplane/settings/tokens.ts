import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { reasonOf } from './errors.ts';
import { listOf, whole } from './variables/forms.ts';
import { named, variable } from './variables/variable.ts';

/** From the least to the most: a role may do all that the roles before it may. */
export const roles = ['metrics', 'viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** A caller of the API. The name is the actor in the audit log. */
export interface Token {
  readonly name: string;
  readonly role: Role;
  readonly token: string;
}

export const mayAct = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed);

const form = `write name:role:token, with a role of ${roles.join(', ')}`;
const isRole = (text: string): text is Role => (roles as readonly string[]).includes(text);

/** What is wrong with an entry. It names the place of the entry alone: any part of a wrong one may be the secret. */
function mistakeOf(parts: readonly string[], place: string): string | undefined {
  const [name = '', role = '', ...rest] = parts;
  if (parts.length < 2 || !/^[\w.-]{1,64}$/.test(name)) return `${place} has no name: ${form}`;
  if (!isRole(role)) return `${place} has no role: the form name:token is no longer read; ${form}`;
  if (!/^\S{16,}$/.test(rest.join(':')))
    return `${place} needs a token of at least 16 characters without blanks after the role: ${form}`;
  return undefined;
}

function repeated(tokens: readonly Token[]): string[] {
  const count = (of: (token: Token) => string) => new Set(tokens.map(of)).size < tokens.length;
  return [
    ...(count(({ name }) => name)
      ? ['has two entries of one name; the audit log could not tell them apart']
      : []),
    ...(count(({ token }) => token) ? ['has one token under two names; make a token for each name'] : []),
  ];
}

/** Reads entries `name:role:token`; every mistake of every entry at once. */
function parseEntries(entries: readonly string[]): { tokens: Token[]; mistakes: string[] } {
  const split = entries.map((entry) => entry.split(':'));
  const mistakes = split.flatMap((parts, index) => mistakeOf(parts, `entry ${index + 1}`) ?? []);
  if (mistakes.length > 0) return { tokens: [], mistakes };
  const tokens = split.map(([name = '', role, ...rest]) => ({
    name,
    role: role as Role,
    token: rest.join(':'),
  }));
  return { tokens, mistakes: entries.length === 0 ? ['must name at least one'] : repeated(tokens) };
}

const entriesOf = (text: string, separator: string | RegExp) =>
  text
    .split(separator)
    .map((entry) => entry.trim())
    .filter(Boolean);

/** The variable: entries by commas. */
export const tokensSchema = z.string().transform((text, context) => {
  const { tokens, mistakes } = parseEntries(entriesOf(text, ','));
  if (mistakes.length > 0) context.addIssue({ code: 'custom', message: mistakes.join('; ') });
  return tokens;
});

/** A host name of the service, as a browser or a proxy sends it. */
export const hostSchema = z
  .string()
  .regex(
    /^(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/i,
    'must be host names by commas, without scheme, port or path, such as portcullis.example.com',
  );

/** Who may call the service, and by which names. */
export const tokenVariables = {
  PORTCULLIS_TOKENS: variable(
    named('`name:role:token` entries, separated by commas', tokensSchema).optional(),
    {
      meaning:
        'The bearer tokens that the service accepts, with the roles `metrics`, `viewer`, `operator` and `admin` (docs/api.md). Required, here or in a file, when `PORTCULLIS_HOST` is not a loopback address.',
      example: 'ci:operator:0123456789abcdef0123456789abcdef',
      secret: true,
      byDefault: 'a new token at each start, in the file `token` of the data directory',
    },
  ),
  PORTCULLIS_TOKENS_FILE: variable(z.string().optional(), {
    meaning:
      'A file with the tokens instead, one entry a line. Empty lines and lines that begin with `#` are ignored.',
    example: '/run/secrets/portcullis-tokens',
  }),
  PORTCULLIS_ALLOWED_HOSTS: variable(listOf('host names', hostSchema).default([]), {
    meaning:
      'Further host names of the service. Requests for loopback names and IP addresses are always accepted.',
    example: 'portcullis.example.com',
  }),
  PORTCULLIS_REQUESTS_PER_MINUTE: variable(whole(1, 1_000_000).default(3_000), {
    meaning: 'How many requests one token may make in a minute.',
    example: '600',
  }),
} as const;

/**
 * The tokens of a file, an entry a line; empty lines and lines that begin with # are left out. Its mistakes are sentences
 * that name the variable, for the report of all mistakes in the environment.
 */
export function readTokensFile(path: string): { tokens: readonly Token[]; mistakes: readonly string[] } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    return { tokens: [], mistakes: [`PORTCULLIS_TOKENS_FILE cannot be read: ${reasonOf(cause)}`] };
  }
  const lines = entriesOf(text, /\r?\n/).filter((line) => !line.startsWith('#'));
  const { tokens, mistakes } = parseEntries(lines);
  return {
    tokens,
    mistakes: mistakes.length > 0 ? [`PORTCULLIS_TOKENS_FILE ${mistakes.join('; ')}`] : [],
  };
}
