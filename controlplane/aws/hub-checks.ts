import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import type { Settings } from '../settings/environment.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import { organizationsRegion, partitionOf } from '../settings/partition.ts';
import type { Aws } from './clients.ts';

/** `unknown`: AWS did not answer the check. */
export interface HubCheck {
  readonly name: string;
  readonly result: 'ok' | 'problem' | 'unknown';
  readonly message: string;
}

type HubClients = Pick<Aws, 'ownRegions' | 'lambda'>;
type HubSettings = Pick<Settings, 'hub'>;

/** Milliseconds. After this the check is unknown; a starting service waits no longer. */
const patienceMs = 10_000;

/**
 * Unreserved concurrent executions that the hub account should have. The account's quota is 1,000 by default and 10
 * in some new accounts. One prefix list shared by many accounts causes more events than that at once.
 */
export const recommendedConcurrency = 100;

const inTime = () => ({ abortSignal: AbortSignal.timeout(patienceMs) });

/** Roles are assumed in the hub Region, so accounts that did not enable it cannot be accessed or protected. */
export async function checkHubRegion(aws: HubClients, { hub }: HubSettings): Promise<HubCheck> {
  const name = 'hub Region';
  try {
    const { Regions = [] } = await aws
      .ownRegions()
      .send(new DescribeRegionsCommand({ AllRegions: true, RegionNames: [hub.region] }), inTime());
    const status = Regions[0]?.OptInStatus ?? 'unknown';
    if (status === 'opt-in-not-required')
      return { name, result: 'ok', message: `${hub.region} needs no opt-in` };
    const message = `PORTCULLIS_HUB_REGION: ${hub.region} needs an opt-in (it is ${status} here), and accounts without it cannot be protected. Choose a Region that is enabled by default, such as ${organizationsRegion(partitionOf(hub.region))}`;
    return { name, result: 'problem', message };
  } catch (error) {
    const message = `${hub.region}: DescribeRegions does not say whether it needs an opt-in: ${reasonOf(error)}`;
    return { name, result: 'unknown', message };
  }
}

export async function checkConcurrency(aws: HubClients, { hub }: HubSettings): Promise<HubCheck> {
  const name = 'Lambda concurrency';
  try {
    const client = await aws.lambda(hub.accountId, hub.region);
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}), inTime());
    const left = AccountLimit?.UnreservedConcurrentExecutions;
    if (left === undefined) throw new Error('GetAccountSettings returned no limit');
    const where = `${hub.accountId} ${hub.region} has ${left} unreserved concurrent executions`;
    return left >= recommendedConcurrency
      ? { name, result: 'ok', message: where }
      : {
          name,
          result: 'problem',
          message: `${where}, fewer than ${recommendedConcurrency}: many events at once are throttled and wait. Ask for a higher quota of "Concurrent executions" in Service Quotas`,
        };
  } catch (error) {
    const message = `GetAccountSettings does not say how many are left: ${reasonOf(error)}`;
    return { name, result: 'unknown', message };
  }
}

/**
 * Rejects a hub Region that needs an opt-in. When AWS does not answer, the start continues and `onUnknown` receives
 * the reason.
 * @throws PortcullisError `invalid-environment`
 */
export async function requireHubRegion(
  aws: HubClients,
  settings: HubSettings,
  onUnknown: (message: string) => void,
): Promise<void> {
  const { result, message } = await checkHubRegion(aws, settings);
  if (result === 'problem') throw new PortcullisError('invalid-environment', message);
  if (result === 'unknown') onUnknown(message);
}
