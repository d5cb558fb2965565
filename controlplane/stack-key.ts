/** The name of a stack: `hub`, `account-<id>` or `region-<id>-<region>`. The same text names it in Pulumi. */
export type StackKey = 'hub' | `account-${string}` | `region-${string}-${string}`;

export const hubKey: StackKey = 'hub';
export const accountKey = (accountId: string): StackKey => `account-${accountId}`;
export const regionKey = (accountId: string, region: string): StackKey => `region-${accountId}-${region}`;
