/** Also the name of the stack in Pulumi. */
export type StackKey = 'hub' | `account-${string}` | `region-${string}-${string}`;

export const hubKey: StackKey = 'hub';
export const accountKey = (accountId: string): StackKey => `account-${accountId}`;
export const regionKey = (accountId: string, region: string): StackKey => `region-${accountId}-${region}`;

/** The key of the organization's own reconcile; not a stack. */
export const organizationKey = 'organization';

/** The account and Region of a key; undefined for other keys. */
export function placeOfKey(key: string): { accountId: string; region?: string } | undefined {
  const [, account, accountOfRegion, region] = /^(?:account-(\d{12})|region-(\d{12})-(.+))$/.exec(key) ?? [];
  if (account) return { accountId: account };
  return accountOfRegion && region ? { accountId: accountOfRegion, region } : undefined;
}

const preview = 'preview:';

/** Separate from the key's own entry: a preview must neither consume a pending reconcile nor make its changes. */
export const previewOf = (key: string): string => `${preview}${key}`;

/** The key of a queue entry, and whether the entry is a preview. */
export const awaited = (waiting: string): { key: string; previewed: boolean } => {
  const previewed = waiting.startsWith(preview);
  return { key: previewed ? waiting.slice(preview.length) : waiting, previewed };
};
