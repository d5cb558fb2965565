import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import {
  isDeniedByScp,
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
import { checkTrails, type TrailOwner } from '../trails/observe.ts';

/** The result of one inspection. None of them is a counted failure. */
export type AccountObservation =
  | {
      readonly kind: 'found';
      readonly account: FleetAccount;
      /**
       * Regions enabled and in scope that do not accept the account's credentials yet, as in the minutes after an
       * opt-in. They are not in the account's Regions, but stacks there stay.
       */
      readonly pendingRegions: readonly string[];
      /** Set when Regions are pending. */
      readonly requeueAfterMs?: number;
    }
  /** A new account, or a Region being enabled: ready after a while. */
  | { readonly kind: 'not-yet'; readonly requeueAfterMs: number; readonly message: string }
  /** Throttled, 5xx, timed out, or no credentials of the control plane: nothing is known about the account. */
  | { readonly kind: 'transient-failure'; readonly requeueAfterMs: number; readonly message: string }
  /** A person must do what the message says. Afterwards the next inspection continues automatically. */
  | { readonly kind: 'unreachable'; readonly requeueAfterMs: number; readonly message: string };

/** A new account denies calls for about a minute. For this long after it joined, a refusal means "not yet". */
const youngMilliseconds = 15 * 60_000;

/** Whether a refusal may still mean "not yet". An account without a join date is old. */
export const isYoung = (joinedAt: Date | string | null | undefined): boolean =>
  joinedAt != null && Date.now() - new Date(joinedAt).getTime() < youngMilliseconds;

const firstPause = 500;
const longestPause = 15_000;
/** A Region is usable within minutes of the opt-in, rarely hours. */
const longestPauseOfRegion = 5 * 60_000;
const unreachablePause = 3 * 60_000;

/** Doubles with each attempt, up to the longest. */
const pauseAfter = (attempts: number, longest: number): number =>
  Math.min(firstPause * 2 ** Math.min(Math.max(attempts, 0), 20), longest);

async function regionsAsSeenFrom(
  aws: Pick<Aws, 'ec2'>,
  accountId: string,
  region: string,
): Promise<string[]> {
  const client = await aws.ec2(accountId, region);
  const { Regions = [] } = await client.send(new DescribeRegionsCommand({ AllRegions: false }));
  const names = Regions.flatMap(({ RegionName }) => (RegionName ? [RegionName] : []));
  if (names.length === 0) throw new Error('DescribeRegions returned no Region');
  return names;
}

/** Asks the hub Region or, when the account has not enabled it, a Region that is enabled in every account. */
export async function enabledRegions(
  aws: Pick<Aws, 'ec2'>,
  accountId: string,
  home: string,
  first: string,
): Promise<string[]> {
  try {
    return await regionsAsSeenFrom(aws, accountId, home);
  } catch (error) {
    const isElsewhere = isUnknownCredentials(error) || isNotReadyYet(error) || isDeniedByScp(reasonOf(error));
    if (home === first || !isElsewhere) throw error;
    return regionsAsSeenFrom(aws, accountId, first);
  }
}

/** Whether the Region rejects the account's credentials. Other errors are not about readiness. */
async function isPending(aws: Aws, accountId: string, region: string): Promise<boolean> {
  try {
    await regionsAsSeenFrom(aws, accountId, region);
    return false;
  } catch (error) {
    return isUnknownCredentials(error) || isNotReadyYet(error);
  }
}

/** Whether a failure says nothing about the account. */
const isTransientFailure = (error: unknown): boolean =>
  isThrottling(error) ||
  isServerFault(error) ||
  isWithoutCredentials(error) ||
  isTransient(`${error instanceof Error ? error.name : ''}: ${reasonOf(error)}`);

export const transientFailure = (error: unknown, attempts: number): AccountObservation => ({
  kind: 'transient-failure',
  requeueAfterMs: backoffMs(attempts + 1),
  message: reasonOf(error),
});

/** A refusal is temporary for a new account or an unready service. Otherwise a person must fix it. */
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
  // No role appears automatically in an invited account, so the message names it at once.
  const message = passing
    ? `${account.id} does not accept calls yet: ${why}`
    : `${account.id} does not accept calls yet. A new account accepts them after about a minute; an invited account needs the role: ${why}`;
  return { kind: 'not-yet', requeueAfterMs: pauseAfter(attempts, longestPause), message };
}

interface InspectionOptions {
  readonly covers?: ((region: string) => boolean) | undefined;
  /** Answers about organization trails; without it, only the account itself is asked. */
  readonly trailOwner?: TrailOwner | undefined;
}

/**
 * Inspects an active account: its enabled Regions (those that `covers` accepts; without it, those of the settings)
 * and the trail that covers each. The Region with lifecycle events comes first, us-east-1 in `aws`. Does not wait;
 * `attempts` counts earlier inspections in a row that found nothing.
 * @throws only for failures unrelated to the account, such as missing credentials of the control plane
 */
export async function observeAccount(
  aws: Aws,
  settings: UnreachableSettings & Pick<Settings, 'regions'>,
  account: OrganizationAccount,
  attempts: number,
  {
    covers = (region: string): boolean => settings.regions?.includes(region) ?? true,
    trailOwner,
  }: InspectionOptions = {},
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
  const clientIn = (region: string) => aws.cloudTrail(account.id, region);
  const checks = await checkTrails(account.id, wanted, clientIn, trailOwner);
  const observed = await Promise.all(
    checks.map(async ({ region, trail }) => {
      const pending = trail.covered === 'unknown' && (await isPending(aws, account.id, region));
      return { region, trail, pending };
    }),
  );
  const pendingRegions = observed.filter(({ pending }) => pending).map(({ region }) => region);
  const regions = observed.filter(({ pending }) => !pending).map(({ region, trail }) => ({ region, trail }));
  return {
    kind: 'found',
    account: { id: account.id, accessRoleArn: await aws.accessRoleArn(account.id), regions },
    pendingRegions,
    ...(pendingRegions.length > 0 && { requeueAfterMs: pauseAfter(attempts + 5, longestPauseOfRegion) }),
  };
}
