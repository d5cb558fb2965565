import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { isRefused } from '../aws/errors.ts';
import { reasonOf } from '../settings/errors.ts';
import { organizationsRegion } from '../settings/partition.ts';
import type { RegionStatus } from './decide.ts';

/** What a look at an account came to, before anything there is taken away. */
export type AccountAccess =
  | { readonly kind: 'reached'; readonly statusOf: (region: string) => RegionStatus }
  /** The account itself refuses us, while others do not. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Nothing can be said: throttled, a fault, or nobody lets us in. */
  | { readonly kind: 'doubt'; readonly message: string };

const regionStatuses: Readonly<Record<string, RegionStatus>> = {
  'opt-in-not-required': 'enabled',
  'opted-in': 'enabled',
  'not-opted-in': 'disabled',
};

/**
 * Whether the account lets the control plane in, and which of its Regions are enabled, asked in the Region that no
 * account lacks. A refusal counts only where the hub account lets us in at the same moment: credentials of ours that
 * are broken look like a fleet of accounts that left.
 */
export async function checkAccess(
  aws: Pick<Aws, 'ec2' | 'caller'>,
  accountId: string,
  hub: { readonly accountId: string },
): Promise<AccountAccess> {
  const ask = async (id: string) => {
    const client = await aws.ec2(id, organizationsRegion((await aws.caller()).partition));
    return client.send(new DescribeRegionsCommand({ AllRegions: true }));
  };
  try {
    const { Regions = [] } = await ask(accountId);
    const found = new Map(
      Regions.map(({ RegionName, OptInStatus = '' }) => [RegionName, regionStatuses[OptInStatus]]),
    );
    return { kind: 'reached', statusOf: (region) => found.get(region) ?? 'not listed' };
  } catch (error) {
    const message = reasonOf(error);
    if (!isRefused(error) || accountId === hub.accountId) return { kind: 'doubt', message };
    const other = await ask(hub.accountId).then(
      () => undefined,
      (also) => reasonOf(also),
    );
    return other === undefined
      ? { kind: 'refused', message }
      : { kind: 'doubt', message: `neither ${accountId} nor the hub account lets us in: ${other}` };
  }
}
