/** The name of a stack: `hub`, `account-<id>` or `region-<id>-<region>`. The same text names it in Pulumi. */
export type StackKey = 'hub' | `account-${string}` | `region-${string}-${string}`;

export const hubKey: StackKey = 'hub';
export const accountKey = (accountId: string): StackKey => `account-${accountId}`;
export const regionKey = (accountId: string, region: string): StackKey => `region-${accountId}-${region}`;

/** What the scheduler keeps in order besides stacks: who belongs to the organization. */
export const organizationKey = 'organization';

/** The account and Region that a key names, where it is an account's or a Region's. */
export function placeOfKey(key: string): { accountId: string; region?: string } | undefined {
  const [, account, accountOfRegion, region] = /^(?:account-(\d{12})|region-(\d{12})-(.+))$/.exec(key) ?? [];
  if (account) return { accountId: account };
  return accountOfRegion && region ? { accountId: accountOfRegion, region } : undefined;
}

const preview = 'preview:';

/**
 * What waits in the queue for a preview of a key. The key's own wakes wait beside it, by themselves: a preview that took
 * one of them would leave it undone, as it changes nothing, and one that did it would change what only a run or a look may.
 */
export const previewOf = (key: string): string => `${preview}${key}`;

/** The key that something in the queue is about, and whether it is a preview of it. */
export const awaited = (waiting: string): { key: string; previewed: boolean } => {
  const previewed = waiting.startsWith(preview);
  return { key: previewed ? waiting.slice(preview.length) : waiting, previewed };
};
