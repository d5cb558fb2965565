import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import {
  isNotReadyYet,
  isServerFault,
  isThrottling,
  isTransient,
  isUnknownCredentials,
  isWithoutCredentials,
} from '../aws/errors.ts';
import { type UnreachableSettings, whyUnreachable } from '../organization/access/refused.ts';
import { backoffMs } from '../queue/result.ts';
import type { Settings } from '../settings/environment.ts';
import { reasonOf } from '../settings/errors.ts';
import { organizationsRegion } from '../settings/partition.ts';
import type { OrganizationAccount } from '../stacks/account.ts';
import type { FleetAccount } from '../stacks/desired.ts';
import { checkTrails } from '../trails/observe.ts';

/** What one look at an account came to; nothing of it is a failure that counts. */
export type AccountObservation =
  | {
      readonly kind: 'found';
      readonly account: FleetAccount;
      /**
       * Regions enabled in the account and wanted, which do not take its credentials yet, as in the minutes after
       * an opt-in. Not among the account's Regions; not gone either: what is deployed there stays.
       */
      readonly pendingRegions: readonly string[];
      /** When to look again, where Regions are pending. */
      readonly requeueAfterMs?: number;
    }
  /** A new account, or a Region being enabled: it comes by itself. */
  | { readonly kind: 'not-yet'; readonly requeueAfterMs: number; readonly message: string }
  /** The way there was disturbed, which says nothing of the account: throttled, 5xx, timed out, no credentials of our own. */
  | { readonly kind: 'transient-failure'; readonly requeueAfterMs: number; readonly message: string }
  /** Somebody has to do something, which the message names; looked at again, it goes on by itself afterwards. */
  | { readonly kind: 'unreachable'; readonly requeueAfterMs: number; readonly message: string };

/** A new account refuses calls for about a minute: for this long after it joined, refusal means "not yet". */
const youngMilliseconds = 15 * 60_000;

/** Whether an account joined so lately that a refusal may still mean "not yet". One without a date is old. */
export const isYoung = (joinedAt: Date | string | null | undefined): boolean =>
  joinedAt != null && Date.now() - new Date(joinedAt).getTime() < youngMilliseconds;

const firstPause = 500;
const longestPause = 15_000;
/** A Region that was opted in is ready within minutes, seldom hours. */
const longestPauseOfRegion = 5 * 60_000;
const unreachablePause = 3 * 60_000;

/** Doubles with each attempt made so far, up to the longest. */
const pauseAfter = (attempts: number, longest: number): number =>
  Math.min(firstPause * 2 ** Math.min(Math.max(attempts, 0), 20), longest);

async function regionsAsSeenFrom(aws: Aws, accountId: string, region: string): Promise<string[]> {
  const client = await aws.ec2(accountId, region);
  const { Regions = [] } = await client.send(new DescribeRegionsCommand({ AllRegions: false }));
  const names = Regions.flatMap(({ RegionName }) => (RegionName ? [RegionName] : []));
  if (names.length === 0) throw new Error('DescribeRegions gave no Region');
  return names;
}

/** Asked in the hub Region, or where the account has not enabled that one, in the Region that no account lacks. */
async function enabledRegions(aws: Aws, accountId: string, home: string, first: string): Promise<string[]> {
  try {
    return await regionsAsSeenFrom(aws, accountId, home);
  } catch (error) {
    if (home === first || !(isUnknownCredentials(error) || isNotReadyYet(error))) throw error;
    return regionsAsSeenFrom(aws, accountId, first);
  }
}

/** Whether the Region itself does not know the account's credentials; any other trouble is not about readiness. */
async function isPending(aws: Aws, accountId: string, region: string): Promise<boolean> {
  try {
    await regionsAsSeenFrom(aws, accountId, region);
    return false;
  } catch (error) {
    return isUnknownCredentials(error) || isNotReadyYet(error);
  }
}

/** Whether a failure says nothing of the account. */
const isTransientFailure = (error: unknown): boolean =>
  isThrottling(error) ||
  isServerFault(error) ||
  isWithoutCredentials(error) ||
  isTransient(`${error instanceof Error ? error.name : ''}: ${reasonOf(error)}`);

/** What a look came to that AWS, or the way there, was too disturbed for. */
export const transientFailure = (error: unknown, attempts: number): AccountObservation => ({
  kind: 'transient-failure',
  requeueAfterMs: backoffMs(attempts + 1),
  message: reasonOf(error),
});

/** A refusal of an account that is young, or of AWS making ready, passes; anything else is somebody's to mend. */
async function refused(
  aws: Aws,
  settings: UnreachableSettings,
  account: OrganizationAccount,
  attempts: number,
  error: unknown,
): Promise<AccountObservation> {
  const young = isYoung(account.joinedAt);
  const passing = isNotReadyYet(error);
  if (!passing && isTransientFailure(error)) return transientFailure(error, attempts);

  const why = passing ? reasonOf(error) : await whyUnreachable(aws, settings, account.id, error);
  if (!young && !passing) return { kind: 'unreachable', requeueAfterMs: unreachablePause, message: why };
  // Whoever invited the account need not wait to be told: no role will appear by itself.
  const message = passing
    ? `${account.id} does not take calls yet: ${why}`
    : `${account.id} does not take calls yet, as new accounts for a minute; one that was invited never will by itself: ${why}`;
  return { kind: 'not-yet', requeueAfterMs: pauseAfter(attempts, longestPause), message };
}

/**
 * One look at what desired state needs to know of an active account: the Regions enabled in it (those that are to be
 * covered: without `covers`, those of the settings) and which trail covers each. First the Region where lifecycle events appear,
 * us-east-1 in `aws`. Waits for nothing; `attempts` is how many looks in a row found nothing.
 * @throws only what says nothing of the account, such as credentials that the control plane itself lacks.
 */
export async function observeAccount(
  aws: Aws,
  settings: UnreachableSettings & Pick<Settings, 'regions'>,
  account: OrganizationAccount,
  attempts: number,
  covers = (region: string): boolean => settings.regions?.includes(region) ?? true,
): Promise<AccountObservation> {
  const first = organizationsRegion((await aws.caller()).partition);
  let enabled: string[];
  try {
    enabled = await enabledRegions(aws, account.id, settings.hub.region, first);
  } catch (error) {
    return refused(aws, settings, account, attempts, error);
  }
  const wanted = enabled
    .filter(covers)
    .sort((a, b) => Number(b === first) - Number(a === first) || a.localeCompare(b));
  const checks = await checkTrails(account.id, wanted, (region) => aws.cloudTrail(account.id, region));
  const looked = await Promise.all(
    checks.map(async ({ region, trail }) => {
      const pending = trail.covered === 'unknown' && (await isPending(aws, account.id, region));
      return { region, trail, pending };
    }),
  );
  const pendingRegions = looked.filter(({ pending }) => pending).map(({ region }) => region);
  const regions = looked.filter(({ pending }) => !pending).map(({ region, trail }) => ({ region, trail }));
  return {
    kind: 'found',
    account: { id: account.id, accessRoleArn: await aws.accessRoleArn(account.id), regions },
    pendingRegions,
    ...(pendingRegions.length > 0 && { requeueAfterMs: pauseAfter(attempts + 5, longestPauseOfRegion) }),
  };
}
