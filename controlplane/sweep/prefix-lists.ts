import {
  DescribeManagedPrefixListsCommand,
  type EC2Client,
  GetManagedPrefixListEntriesCommand,
  type ManagedPrefixList,
} from '@aws-sdk/client-ec2';
import type { PrefixList } from '../../lambda/policy/security-group.ts';
import { everyPage, failureOf, inParts } from './patience.ts';

/** The ranges of prefix lists by Region, id and version; shared by all cells of a sweep. */
export interface PrefixListCache {
  /** Concurrent callers share one read; a failure is not kept. */
  entries(key: string, read: () => Promise<readonly string[]>): Promise<readonly string[]>;
}

/** More lists than this are read again. */
const keptLists = 5_000;

export function prefixListCache(): PrefixListCache {
  const kept = new Map<string, Promise<readonly string[]>>();
  return {
    entries(key, read) {
      const known = kept.get(key);
      if (known) return known;
      const asked = read();
      kept.set(key, asked);
      asked.catch(() => kept.delete(key));
      const [oldest] = kept.keys();
      if (kept.size > keptLists && oldest !== undefined) kept.delete(oldest);
      return asked;
    },
  };
}

interface ListContext {
  readonly ec2: EC2Client;
  readonly region: string;
  readonly cache: PrefixListCache;
  /** Whether the account is one whose edits of prefix lists are seen. */
  isCovered(accountId: string): boolean;
}

/** EC2's limit of ids in one call. */
const most = 100;

/**
 * The current content of prefix lists. One that cannot be read, or is being edited, is `unknown` with the reason: until
 * an edit is finished EC2 returns the old entries. Never throws.
 */
export async function resolvePrefixLists(
  context: ListContext,
  ids: readonly string[],
): Promise<Map<string, PrefixList>> {
  const resolved = new Map<string, PrefixList>();
  for (const part of inParts(ids, most)) {
    const described = await describe(context.ec2, part);
    for (const id of part) {
      const list = 'failed' in described ? described.failed : described.lists.get(id);
      resolved.set(id, typeof list === 'string' ? unreadable(list) : await contentOf(context, id, list));
    }
  }
  return resolved;
}

const unreadable = (reason: string): PrefixList => ({
  kind: 'unknown',
  reason: `could not be read: ${reason}`,
});

type Described = { readonly lists: ReadonlyMap<string, ManagedPrefixList> } | { readonly failed: string };

/** By a filter: an id that does not exist is left out, and fails no other. */
async function describe(ec2: EC2Client, ids: readonly string[]): Promise<Described> {
  const lists = new Map<string, ManagedPrefixList>();
  const Filters = [{ Name: 'prefix-list-id', Values: [...ids] }];
  try {
    await everyPage(
      async (NextToken) => {
        const page = await ec2.send(new DescribeManagedPrefixListsCommand({ Filters, NextToken }));
        return { items: page.PrefixLists, next: page.NextToken };
      },
      (items) => {
        for (const list of items) if (list.PrefixListId) lists.set(list.PrefixListId, list);
      },
    );
    return { lists };
  } catch (error) {
    return { failed: failureOf(error) };
  }
}

async function contentOf(
  { ec2, region, cache, isCovered }: ListContext,
  id: string,
  list: ManagedPrefixList | undefined,
): Promise<PrefixList> {
  if (!list) return unreadable('DescribeManagedPrefixLists does not list it');
  if (list.OwnerId === 'AWS') return { kind: 'aws', name: list.PrefixListName ?? 'a list of AWS' };
  if (list.State?.endsWith('-in-progress')) return unreadable('it is being edited');
  const { OwnerId = '', Version } = list;
  try {
    const key = `${region} ${id} ${Version}`;
    const cidrs = await cache.entries(key, () => readEntries(ec2, id, Version));
    return { kind: 'entries', cidrs, ...(!isCovered(OwnerId) && { unseenOwner: OwnerId }) };
  } catch (error) {
    return unreadable(failureOf(error));
  }
}

async function readEntries(
  ec2: EC2Client,
  PrefixListId: string,
  TargetVersion: number | undefined,
): Promise<string[]> {
  const cidrs: string[] = [];
  await everyPage(
    async (NextToken) => {
      const asked = { PrefixListId, TargetVersion, MaxResults: 100, NextToken };
      const page = await ec2.send(new GetManagedPrefixListEntriesCommand(asked));
      return { items: page.Entries, next: page.NextToken };
    },
    (items) => {
      for (const { Cidr } of items) cidrs.push(Cidr ?? '');
    },
  );
  return cidrs;
}
