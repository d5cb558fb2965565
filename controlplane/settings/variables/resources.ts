import { z } from 'zod';
import { named, variable } from './variable.ts';

/**
 * A boundary has the same name in every account, so an ARN of ours names no account by its id. Source of the forms:
 * "IAM identifiers", IAM User Guide.
 */
const boundary = named(
  "name of a managed policy, or an ARN with `{account}` in the account's place",
  z
    .string()
    .regex(
      /^([\w+=,.@-]{1,128}|arn:aws[a-z-]*:iam::(\{account\}|aws):policy\/([!-~]+\/)*[\w+=,.@-]{1,128})$/,
      "must be the name of a managed policy, or its ARN with {account} in the account's place, because each account has its own",
    ),
);

/** AWS allows 50 on a resource, S3 and IAM included; the rest is left to Portcullis and to the owner of an account. */
const most = 40;

const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * What is wrong with a tag. Source: "Tag naming limits and requirements", Tagging AWS Resources and Tag Editor; IAM keys
 * that differ in case only are one key.
 */
function mistakesIn([key, value]: [string, unknown], keys: readonly string[]): string[] {
  const named = `tag ${JSON.stringify(key)}`;
  const reserved = /^(aws|portcullis):/i.exec(key)?.[0];
  const twice = keys.filter((other) => other.toLowerCase() === key.toLowerCase());
  return [
    ...(key.length < 1 || key.length > 128 ? [`${named} needs a key of 1 to 128 characters`] : []),
    ...(reserved ? [`${named} must not begin with ${reserved}`] : []),
    ...(allowed.test(key) ? [] : [`${named} may only hold letters, digits, spaces and _.:/=+-@ in its key`]),
    ...(typeof value === 'string' ? [] : [`${named} needs a text as its value`]),
    ...(typeof value === 'string' && value.length > 256
      ? [`${named} needs a value of at most 256 characters`]
      : []),
    ...(typeof value === 'string' && !allowed.test(value)
      ? [`${named} may only hold letters, digits, spaces and _.:/=+-@ in its value`]
      : []),
    ...(twice.length > 1 && twice[0] === key
      ? [`${named} differs from ${JSON.stringify(twice[1])} in case only`]
      : []),
  ];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const tags = named(
  `JSON object of at most ${most} tags`,
  z.string().transform((text, context): Readonly<Record<string, string>> => {
    const given = parsed(text);
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    if (typeof given !== 'object' || given === null || Array.isArray(given)) {
      refuse('must be a JSON object of tags, such as {"team":"security"}');
      return z.NEVER;
    }
    const entries: [string, unknown][] = Object.entries(given);
    if (entries.length > most) refuse(`must hold at most ${most} tags, and holds ${entries.length}`);
    const keys = entries.map(([key]) => key);
    for (const mistake of entries.flatMap((entry) => mistakesIn(entry, keys))) refuse(mistake);
    return Object.fromEntries(entries) as Record<string, string>;
  }),
);

/** What every resource that Portcullis creates has. */
export const resourceVariables = {
  PORTCULLIS_PERMISSIONS_BOUNDARY: variable(boundary.optional(), {
    meaning:
      'The permissions boundary of every role that Portcullis creates. The policy must exist in each account first ([access.md](access.md#permissions-boundaries-and-tags)).',
    example: 'arn:aws:iam::{account}:policy/workload-boundary',
  }),
  PORTCULLIS_TAGS: variable(tags.optional(), {
    meaning:
      'Tags of everything that Portcullis creates, in addition to its own, whose keys begin with `portcullis:`.',
    example: '{"team":"security","cost-center":"1234"}',
  }),
} as const;
