import { basename } from 'node:path';
import * as z from 'zod';
import { accountsSchema } from '../../../lambda/policy/account-facts.ts';
import { type Opening, parseRule } from '../../../lambda/policy/rule.ts';
import type { PrefixList } from '../../../lambda/policy/security-group.ts';
import { PortcullisError } from '../../settings/errors.ts';
import type { EvaluationInput } from './evaluate.ts';
import { mistake, parseAs, readValue } from './input.ts';
import type { Place } from './snapshot.ts';

/** The options that every policy command has: facts that the input does not contain. */
export interface FactOptions {
  readonly account?: string;
  readonly region?: string;
  readonly accounts?: string;
  readonly prefixLists?: readonly string[];
  readonly at?: string;
}

const account = z.string().regex(/^\d{12}$/, 'write the 12 digits of an account id');
const region = z.string().regex(/^[a-z]{2,5}(-[a-z]+)+-\d+$/, 'write a Region such as eu-west-1');
const instant = z.union(
  [z.iso.datetime({ offset: true }), z.iso.date()],
  'write a date, or a date and time such as 2027-01-31T00:00:00Z',
);

function valid(option: string, schema: z.ZodType<string>, value: string | undefined): string | undefined {
  const parsed = schema.optional().safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PortcullisError('invalid-request', `--${option} ${value}: ${parsed.error.issues[0]?.message}`);
}

/** The account and Region of input that names none. */
export const placeOf = (options: FactOptions): Place => ({
  account: valid('account', account, options.account),
  region: valid('region', region, options.region),
});

/** The time of the evaluation, and what is known of accounts and prefix lists. */
export async function evaluationInput(options: FactOptions): Promise<EvaluationInput> {
  const at = valid('at', instant, options.at);
  const { accounts, prefixLists = [] } = options;
  return {
    now: at === undefined ? new Date() : new Date(at),
    ...(accounts !== undefined && {
      accounts: parseAs(accountsSchema, await readValue(accounts), accounts),
    }),
    prefixLists: await readPrefixLists(prefixLists),
  };
}

const form =
  'write it as tcp/22/0.0.0.0/0, udp/1000-2000/2001:db8::/32, icmp/8/0.0.0.0/0, -1/10.0.0.0/8, tcp/443/pl-0123 or tcp/443/sg-0123';

/** The security group rule in a text. @throws `invalid-request` with what is wrong */
export function readRule(text: string): Opening {
  const opening = parseRule(text);
  if (typeof opening !== 'string') return opening;
  throw new PortcullisError('invalid-request', `${text}: ${opening}; ${form}`);
}

const complete = z.undefined('more pages follow: export the whole list, without --max-items').optional();
const id = /^pl-[0-9a-zA-Z]+$/;

/** The output of `aws ec2 get-managed-prefix-list-entries`, or only the ranges. */
const entries = z
  .union(
    [
      z.array(z.string()),
      z.object({ Entries: z.array(z.object({ Cidr: z.string() })), NextToken: complete }),
    ],
    'write a list of address ranges, or the output of aws ec2 get-managed-prefix-list-entries, all pages of it',
  )
  .transform((given) => (Array.isArray(given) ? given : given.Entries.map(({ Cidr }) => Cidr)));
const byId = z.record(z.string().regex(id, 'a prefix list id is such as pl-0123abcd'), entries);

/** The output of `aws ec2 describe-managed-prefix-lists`, which shows the lists that AWS owns. */
const described = z.object({
  PrefixLists: z.array(
    z.object({
      PrefixListId: z.string().regex(id),
      PrefixListName: z.string().default('a list of AWS'),
      OwnerId: z.string(),
    }),
  ),
  NextToken: complete,
});

/**
 * The prefix lists in the files: a mapping of ids to ranges, the entries of one list in a file that is named by its id
 * (`pl-0123.json`), or a description of prefix lists, from which those that AWS owns are read.
 */
export async function readPrefixLists(files: readonly string[]): Promise<Map<string, PrefixList>> {
  const lists = new Map<string, PrefixList>();
  const ofAws = new Map<string, PrefixList>();
  for (const file of files) {
    const value = await readValue(file);
    if (has(value, 'PrefixLists')) {
      for (const { PrefixListId, PrefixListName: name, OwnerId } of parseAs(described, value, file)
        .PrefixLists)
        if (OwnerId === 'AWS') ofAws.set(PrefixListId, { kind: 'aws', name });
      continue;
    }
    for (const [list, cidrs] of Object.entries(entriesIn(value, file))) {
      if (lists.has(list)) throw mistake(file, `${list} is given twice; leave one of them out`);
      lists.set(list, { kind: 'entries', cidrs });
    }
  }
  return new Map([...lists, ...ofAws]);
}

function entriesIn(value: unknown, file: string): Record<string, string[]> {
  if (!Array.isArray(value) && !has(value, 'Entries')) return parseAs(byId, value, file);
  const list = basename(file).replace(/\.(json|ya?ml)(\.gz)?$/, '');
  if (id.test(list)) return { [list]: parseAs(entries, value, file) };
  throw mistake(
    file,
    'has the entries of one prefix list; name the file by its id, such as pl-0123abcd.json',
  );
}

const has = (value: unknown, key: string): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key);
