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
