import { PortcullisError } from '../../settings/errors.ts';
import { closestName } from '../../settings/regions.ts';

/** The value of an option that takes one of a list. @throws `invalid-request` naming the option and the nearest value */
export function oneOf(
  option: string,
  known: readonly string[],
  value: string | undefined,
): string | undefined {
  if (value === undefined || known.includes(value)) return value;
  const nearest = closestName(value, known);
  const near = nearest ? `Did you mean ${nearest}? ` : '';
  const message = `${option} must not be ${value}. ${near}It is one of: ${known.join(', ')}`;
  throw new PortcullisError('invalid-request', message);
}

/** A whole number. @throws `invalid-request` naming the option */
export function wholeNumber(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value);
  throw new PortcullisError('invalid-request', `${option} must be a whole number, not ${value}`);
}

/** The options, by their fields in the API. */
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
  organizationalUnit: '--ou',
  region: '--region',
  severity: '--severity',
  exposure: '--exposure',
  state: '--state',
  policyRule: '--policy-rule',
  olderThan: '--older-than',
  sort: '--sort',
};
const fields = new RegExp(
  `(?<![\\w.-])(${Object.keys(flags).join('|').replaceAll('.', '\\.')})(?:\\.\\d+)?(?=:)`,
  'g',
);

/** An error message of the API with options of the command line instead of the fields of a request. Pure. */
export const inFlags = (message: string): string =>
  message.replace(fields, (_, field: string) => flags[field] ?? field);
