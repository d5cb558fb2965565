import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import { GetAccountSettingsCommand } from '@aws-sdk/client-lambda';
import type { Settings } from '../settings/environment.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import { organizationsRegion, partitionOf } from '../settings/partition.ts';
import type { Aws } from './clients.ts';

/** What a check of the hub found. `unknown`: AWS did not answer it, which is neither. */
export interface HubCheck {
  readonly name: string;
  readonly result: 'ok' | 'problem' | 'unknown';
  readonly message: string;
}

type Asking = Pick<Aws, 'ownRegions' | 'lambda'>;
type HubSettings = Pick<Settings, 'hub'>;

/** A call that is not answered by then leaves its check unknown; a service that starts waits no longer. */
const patienceMs = 10_000;

/**
 * Concurrent executions that the hub account should have left for the function. The account's quota is 1,000 by default,
 * and 10 in some new accounts: one prefix list that many accounts share makes more events than that at once.
 */
export const recommendedConcurrency = 100;

const inTime = () => ({ abortSignal: AbortSignal.timeout(patienceMs) });

/**
 * Whether every account has the hub Region without an opt-in. Roles are assumed there and its bus is the target of every
 * rule, so an account without it could neither be entered nor protected.
 */
export async function checkHubRegion(aws: Asking, { hub }: HubSettings): Promise<HubCheck> {
  const name = 'hub Region';
  try {
    const { Regions = [] } = await aws
      .ownRegions()
      .send(new DescribeRegionsCommand({ AllRegions: true, RegionNames: [hub.region] }), inTime());
    const status = Regions[0]?.OptInStatus ?? 'not known';
    if (status === 'opt-in-not-required')
      return { name, result: 'ok', message: `${hub.region} needs no opt-in` };
    const message = `PORTCULLIS_HUB_REGION: ${hub.region} needs an opt-in (it is ${status} here), and accounts without it cannot be protected. Choose a Region that is enabled by default, such as ${organizationsRegion(partitionOf(hub.region))}`;
    return { name, result: 'problem', message };
  } catch (error) {
    const message = `${hub.region}: DescribeRegions does not say whether it needs an opt-in: ${reasonOf(error)}`;
    return { name, result: 'unknown', message };
  }
}

/** Whether the hub account has concurrency left for the function when many events arrive at once. */
export async function checkConcurrency(aws: Asking, { hub }: HubSettings): Promise<HubCheck> {
  const name = 'Lambda concurrency';
  try {
    const client = await aws.lambda(hub.accountId, hub.region);
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}), inTime());
    const left = AccountLimit?.UnreservedConcurrentExecutions;
    if (left === undefined) throw new Error('GetAccountSettings gave no limit');
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
 * Refuses a hub Region that needs an opt-in. Where AWS does not say, `onUnknown` gets the reason and the start goes on.
 * @throws PortcullisError `invalid-environment`
 */
export async function requireHubRegion(
  aws: Asking,
  settings: HubSettings,
  onUnknown: (message: string) => void,
): Promise<void> {
  const { result, message } = await checkHubRegion(aws, settings);
  if (result === 'problem') throw new PortcullisError('invalid-environment', message);
  if (result === 'unknown') onUnknown(message);
}
