import { PortcullisError } from '../../settings/errors.ts';

/** How many letters differ: insertions, deletions, exchanges. */
function distance(one: string, other: string): number {
  let row = [...Array(other.length + 1).keys()];
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [at, wanted] of [...other].entries())
      next.push(
        Math.min((next[at] ?? 0) + 1, (row[at + 1] ?? 0) + 1, (row[at] ?? 0) + (letter === wanted ? 0 : 1)),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The value of an option that takes one of a list. @throws `invalid-request` naming the option and the nearest value */
export function oneOf(
  option: string,
  known: readonly string[],
  value: string | undefined,
): string | undefined {
  if (value === undefined || known.includes(value)) return value;
  const [nearest = ''] = known.toSorted((one, other) => distance(value, one) - distance(value, other));
  const near = distance(value, nearest) <= nearest.length / 2 ? `Did you mean ${nearest}? ` : '';
  const message = `${option} must not be ${value}. ${near}It is one of: ${known.join(', ')}`;
  throw new PortcullisError('invalid-request', message);
}

/** A whole number. @throws `invalid-request` naming the option */
export function wholeNumber(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  throw new PortcullisError('invalid-request', `${option} must be a whole number, not ${value}`);
}

/** The options by the names that the API has for them. */
const flags: Readonly<Record<string, string>> = {
  accounts: '--account',
  organizationalUnits: '--ou',
  regions: '--region',
  'rollout.waves': '--wave',
  'rollout.parallel': '--parallel',
  'rollout.maxFailures': '--max-failures',
  'rollout.maxFailurePercent': '--max-failure-percent',
  rules: '--rule',
  owner: '--owner',
  why: '--why',
  ticket: '--ticket',
  expires: '--expires',
  account: '--account',
  since: '--since',
  until: '--until',
  who: '--who',
  what: '--what',
  after: '--after',
  limit: '--limit',
};
const fields = new RegExp(
  `(?<![\\w.-])(${Object.keys(flags).join('|').replaceAll('.', '\\.')})(?:\\.\\d+)?(?=:)`,
  'g',
);

/** A refusal of the API in the words of the command line: the flag instead of the field of a request. Pure. */
export const inFlags = (message: string): string =>
  message.replace(fields, (_, field: string) => flags[field] ?? field);
