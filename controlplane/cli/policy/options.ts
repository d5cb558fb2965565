import * as z from 'zod';
import { type Opening, parseRule } from '../../../lambda/policy/rule.ts';
import { PortcullisError } from '../../settings/errors.ts';
import type { EvaluationInput } from './evaluate.ts';
import type { Place } from './groups.ts';
import { readAccounts, readPrefixLists } from './lists.ts';

/** The options that every policy command has. */
interface Everywhere {
  readonly account?: string;
  readonly region?: string;
  readonly accounts?: string;
  readonly prefixLists?: readonly string[];
  readonly at?: string;
}

export interface TestValues extends Everywhere {
  readonly policy?: string;
  readonly groups?: readonly string[];
  readonly events?: readonly string[];
  readonly expect?: string;
}

export interface ExplainValues extends Everywhere {
  readonly policy?: string;
  readonly groups?: readonly string[];
  readonly group?: string;
}

export interface DiffValues extends Everywhere {
  readonly against?: readonly string[];
  readonly all?: boolean;
}

const account = z.string().regex(/^\d{12}$/, 'write the 12 digits of an account id');
const region = z.string().regex(/^[a-z]{2,5}(-[a-z]+)+-\d+$/, 'write a Region such as eu-west-1');
const instant = z.union(
  [z.iso.datetime({ offset: true }), z.iso.date()],
  'write a date, or a date and time such as 2027-01-31T00:00:00Z',
);

function valid<Schema extends z.ZodType>(option: string, schema: Schema, value: unknown) {
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PortcullisError('invalid-request', `--${option} ${value}: ${parsed.error.issues[0]?.message}`);
}

/** Where what does not say it is from. */
export function placeOf(values: Everywhere): Place {
  return {
    account: valid('account', account, values.account),
    region: valid('region', region, values.region),
  };
}

/** The time of the evaluation, and what is known of accounts and prefix lists. */
export async function evaluationInput(values: Everywhere): Promise<EvaluationInput> {
  const at = valid('at', instant, values.at);
  return {
    now: at === undefined ? new Date() : new Date(at),
    ...(values.accounts !== undefined && { accounts: await readAccounts(values.accounts) }),
    prefixLists: await readPrefixLists(values.prefixLists ?? []),
  };
}

const form =
  'write it as tcp/22/0.0.0.0/0, udp/1000-2000/2001:db8::/32, icmp/8/0.0.0.0/0, -1/10.0.0.0/8, tcp/443/pl-0123 or tcp/443/sg-0123';

/** The rule that a person's words name. @throws `invalid-request` saying what is wrong with them. */
export function readRule(words: string): Opening {
  const opening = parseRule(words);
  if (typeof opening !== 'string') return opening;
  throw new PortcullisError('invalid-request', `${words}: ${opening}; ${form}`);
}
