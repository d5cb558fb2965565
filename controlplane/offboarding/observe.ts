import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { isDeniedByScp, isRefused } from '../aws/errors.ts';
import { reasonOf } from '../settings/errors.ts';
import { organizationsRegion } from '../settings/partition.ts';
import type { RegionStatus } from './decide.ts';

/** The result of one access check, made before anything in the account is deleted. */
export type AccountAccess =
  | { readonly kind: 'reached'; readonly statusOf: (region: string) => RegionStatus }
  /** Only this account denies access. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Unknown: throttled, a fault, or no account allows access. */
  | { readonly kind: 'doubt'; readonly message: string };

const regionStatuses: Readonly<Record<string, RegionStatus>> = {
  'opt-in-not-required': 'enabled',
  'opted-in': 'enabled',
  'not-opted-in': 'disabled',
};

/**
 * Whether the account allows access, and which of its Regions are enabled. The call goes to a Region that is enabled
 * in every account. A refusal counts only when the hub account allows access at the same time: broken credentials
 * look the same as many accounts that left.
 */
export async function checkAccess(
  aws: Pick<Aws, 'ec2' | 'caller'>,
  accountId: string,
  hub: { readonly accountId: string; readonly region: string },
): Promise<AccountAccess> {
  const ask = async (id: string) => {
    const first = organizationsRegion((await aws.caller()).partition);
    const askIn = async (region: string) =>
      (await aws.ec2(id, region)).send(new DescribeRegionsCommand({ AllRegions: true }));
    return askIn(first).catch((error) => {
      // A service control policy may deny one Region and not the other.
      if (!isDeniedByScp(reasonOf(error)) || hub.region === first) throw error;
      return askIn(hub.region);
    });
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
      : { kind: 'doubt', message: `neither ${accountId} nor the hub account allows access: ${other}` };
  }
}
