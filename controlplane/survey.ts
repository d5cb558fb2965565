import { setTimeout as pause } from 'node:timers/promises';
import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import type { Aws } from './aws.ts';
import type { FleetAccount } from './desired.ts';
import type { Settings } from './environment.ts';
import { PortcullisError, reasonOf } from './errors.ts';
import type { OrganizationAccount } from './organization.ts';
import { organizationsRegion } from './partition.ts';
import { checkTrails } from './trails.ts';

/** A new account refuses calls for about a minute: for this long after it joined, refusal means "not yet". */
const youngMilliseconds = 15 * 60_000;
const firstPause = 500;
const longestPause = 10_000;
const patienceMilliseconds = 5 * 60_000;

async function enabledRegions(aws: Aws, accountId: string, home: string): Promise<string[]> {
  const client = await aws.ec2(accountId, home);
  const { Regions = [] } = await client.send(new DescribeRegionsCommand({ AllRegions: false }));
  const names = Regions.flatMap(({ RegionName }) => (RegionName ? [RegionName] : []));
  if (names.length === 0) throw new Error('DescribeRegions gave no Region');
  return names;
}

/** Asks for the enabled Regions; while the account is young, a refusal is waited out with growing pauses. */
async function reach(
  aws: Aws,
  account: OrganizationAccount,
  home: string,
  stopping: AbortSignal,
): Promise<string[]> {
  const joined = account.joinedAt ? Date.parse(account.joinedAt) : 0;
  const giveUp = Math.min(joined + youngMilliseconds, Date.now() + patienceMilliseconds);
  for (let wait = firstPause; ; wait = Math.min(wait * 2, longestPause)) {
    try {
      return await enabledRegions(aws, account.id, home);
    } catch (error) {
      if (Date.now() + wait > giveUp) {
        const role = (await aws.accessRoleArn(account.id)) ?? "the control plane's own credentials";
        throw new PortcullisError(
          'account-unreachable',
          `${account.id} cannot be reached through ${role}: ${reasonOf(error)}. Create that role, trusting the control plane's account, or set PORTCULLIS_ACCESS_ROLE`,
          { cause: error },
        );
      }
      await pause(wait, undefined, { signal: stopping });
    }
  }
}

/**
 * What desired state needs to know of an active account: the Regions enabled in it (those of the settings, where
 * they name any) and which trail covers each. First the Region where lifecycle events appear, us-east-1 in `aws`.
 * @throws PortcullisError `account-unreachable`, naming the role.
 */
export async function surveyAccount(
  aws: Aws,
  settings: Pick<Settings, 'hub' | 'regions'>,
  account: OrganizationAccount,
  stopping: AbortSignal,
): Promise<FleetAccount> {
  const enabled = await reach(aws, account, settings.hub.region, stopping);
  const first = organizationsRegion((await aws.caller()).partition);
  const wanted = enabled
    .filter((region) => !settings.regions || settings.regions.includes(region))
    .sort((a, b) => Number(b === first) - Number(a === first) || a.localeCompare(b));
  const regions = await Promise.all(
    wanted.map(async (region) => ({
      region,
      trail: await checkTrails(await aws.cloudTrail(account.id, region)),
    })),
  );
  return { id: account.id, accessRoleArn: await aws.accessRoleArn(account.id), regions };
}
