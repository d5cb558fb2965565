import * as z from 'zod';
import { type Accounts, accountsSchema } from '../../../lambda/policy/account-facts.ts';
import type { PrefixList } from '../../../lambda/policy/security-group.ts';
import { fileName, mistake, parseAs, readValue } from './input.ts';

export type PrefixLists = Map<string, PrefixList>;

/** The table that scopes by organizational unit and account tag go by, as the Lambda's bundle carries it. */
export async function readAccounts(file: string): Promise<Accounts> {
  return parseAs(accountsSchema, await readValue(file), file);
}

const complete = z.undefined('the list goes on: export all of it, without --max-items').optional();
const id = /^pl-[0-9a-zA-Z]+$/;

/** `aws ec2 get-managed-prefix-list-entries`, or the ranges alone. */
const entries = z.union(
  [z.array(z.string()), z.object({ Entries: z.array(z.object({ Cidr: z.string() })), NextToken: complete })],
  'write a list of address ranges, or the output of aws ec2 get-managed-prefix-list-entries, all pages of it',
);
const byId = z.record(z.string().regex(id, 'a prefix list id is such as pl-0123abcd'), entries);

/** `aws ec2 describe-managed-prefix-lists`: which lists AWS owns and keeps. */
const owners = z.object({
  PrefixLists: z.array(
    z.object({
      PrefixListId: z.string().regex(id),
      PrefixListName: z.string().optional(),
      OwnerId: z.string(),
    }),
  ),
  NextToken: complete,
});

/**
 * The prefix lists that files tell of: a mapping of ids to ranges, the entries of one list in a file that is named
 * by its id (`pl-0123.json`), or AWS's description of them, from which those that AWS owns are known.
 */
export async function readPrefixLists(files: readonly string[]): Promise<PrefixLists> {
  const lists: PrefixLists = new Map();
  const ofAws: PrefixLists = new Map();
  for (const file of files) {
    const value = await readValue(file);
    if (has(value, 'PrefixLists')) {
      for (const { PrefixListId, PrefixListName, OwnerId } of parseAs(owners, value, file).PrefixLists)
        if (OwnerId === 'AWS')
          ofAws.set(PrefixListId, { kind: 'aws', name: PrefixListName ?? 'a list of AWS' });
      continue;
    }
    for (const [list, cidrs] of entriesIn(value, file)) {
      if (lists.has(list)) throw mistake(file, `${list} is given twice; leave one of them out`);
      lists.set(list, { kind: 'entries', cidrs });
    }
  }
  return new Map([...lists, ...ofAws]);
}

function entriesIn(value: unknown, file: string): [string, string[]][] {
  const single = Array.isArray(value) || has(value, 'Entries');
  if (single && !id.test(fileName(file)))
    throw mistake(
      file,
      'holds the entries of one prefix list; name the file by its id, such as pl-0123abcd.json',
    );
  const read = single
    ? [[fileName(file), parseAs(entries, value, file)] as const]
    : Object.entries(parseAs(byId, value, file));
  return read.map(([list, found]) => [
    list,
    Array.isArray(found) ? found : found.Entries.map(({ Cidr }) => Cidr),
  ]);
}

function has(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}
