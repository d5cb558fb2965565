import { type OrganizationsClient, paginateListTagsForResource } from '@aws-sdk/client-organizations';
import pLimit from 'p-limit';
import type { Aws } from '../aws/clients.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import type { AccountStore } from '../store/accounts.ts';
import type { Clock } from '../store/database/clock.ts';

/** AWS Organizations allows only a few such calls per second; the SDK slows down when throttled. */
const atOnce = 3;

async function readTags(client: OrganizationsClient, id: string): Promise<Record<string, string>> {
  const tags: [string, string][] = [];
  for await (const page of paginateListTagsForResource({ client }, { ResourceId: id })) {
    for (const { Key, Value } of page.Tags ?? []) if (Key !== undefined) tags.push([Key, Value ?? '']);
  }
  return Object.fromEntries(tags);
}

/** Reads every page and stores the tags. @throws PortcullisError `organization-unreadable`, naming the account */
export async function refreshTags(
  aws: Pick<Aws, 'organizations'>,
  { accounts, now }: { readonly accounts: Pick<AccountStore, 'setTags'>; readonly now: Clock },
  ids: readonly string[],
): Promise<void> {
  await readAccountTags(aws, ids, async (id, tags, readAt) => accounts.setTags(id, tags, readAt), now);
}

/**
 * Hands the tags of each account on as they are read, with the moment before the reading.
 * @throws PortcullisError `organization-unreadable`, naming the account
 */
export async function readAccountTags(
  aws: Pick<Aws, 'organizations'>,
  ids: readonly string[],
  each: (id: string, tags: Record<string, string>, readAt: Date) => Promise<void>,
  now: Clock = async () => new Date(),
): Promise<void> {
  const limit = pLimit(atOnce);
  const client = await aws.organizations();
  let failed = false;
  const reading = ids.map((id) =>
    limit(async () => {
      if (failed) return;
      try {
        const readAt = await now();
        await each(id, await readTags(client, id), readAt);
      } catch (error) {
        failed = true;
        throw new PortcullisError(
          'organization-unreadable',
          `the tags of account ${id} cannot be read: ${reasonOf(error)}; account tags need organizations:ListTagsForResource`,
          { cause: error },
        );
      }
    }),
  );
  await Promise.allSettled(reading);
  await Promise.all(reading);
}
