import {
  type CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
  type GetTrailStatusCommandOutput,
  type Trail,
} from '@aws-sdk/client-cloudtrail';
import { reasonOf } from '../settings/errors.ts';
import type { ObservedTrail, RegionCoverage } from '../stacks/trail-check.ts';
import { evaluateTrails } from './evaluate.ts';

export type CloudTrailIn = (region: string) => Promise<CloudTrailClient>;

interface Seen {
  readonly trail: Trail;
  readonly regions: string[];
}

type Asked = { readonly trail: ObservedTrail } | { readonly refused: string };

/** Empty texts are not errors: the API uses both forms. */
const failures = (status: GetTrailStatusCommandOutput): ObservedTrail['failing'] => ({
  ...(status.LatestDeliveryError && { log: status.LatestDeliveryError }),
  ...(status.LatestDigestDeliveryError && { digest: status.LatestDigestDeliveryError }),
  ...(status.LatestCloudWatchLogsDeliveryError && { logGroup: status.LatestCloudWatchLogsDeliveryError }),
  ...(status.LatestNotificationError && { notification: status.LatestNotificationError }),
});

async function ask(client: CloudTrailClient, trail: Trail): Promise<ObservedTrail> {
  const arn = trail.TrailARN ?? '';
  const [status, selectors] = await Promise.all([
    client.send(new GetTrailStatusCommand({ Name: arn })),
    client.send(new GetEventSelectorsCommand({ TrailName: arn })),
  ]);
  return {
    arn,
    homeRegion: trail.HomeRegion ?? arn.split(':')[3] ?? '',
    organization: trail.IsOrganizationTrail === true,
    multiRegion: trail.IsMultiRegionTrail === true,
    bucket: trail.S3BucketName ?? '',
    logging: status.IsLogging === true,
    eventSelectors: selectors.EventSelectors ?? [],
    advancedEventSelectors: selectors.AdvancedEventSelectors ?? [],
    failing: failures(status),
  };
}

/** Reads a trail in its home Region if the account shows it there, else in another; once more elsewhere on a refusal. */
async function askOnce({ trail, regions }: Seen, clientIn: CloudTrailIn): Promise<Asked> {
  const home = regions.filter((region) => region === trail.HomeRegion);
  const order = [...home, ...regions.filter((region) => region !== trail.HomeRegion)].slice(0, 2);
  let refused = '';
  for (const region of order) {
    try {
      return { trail: await ask(await clientIn(region), trail) };
    } catch (error) {
      refused = reasonOf(error);
    }
  }
  return { refused };
}

type Listing =
  | { readonly region: string; readonly trails: readonly Trail[] }
  | { readonly region: string; readonly refused: string };

async function list(region: string, clientIn: CloudTrailIn): Promise<Listing> {
  try {
    const client = await clientIn(region);
    const { trailList = [] } = await client.send(new DescribeTrailsCommand({ includeShadowTrails: true }));
    return { region, trails: trailList };
  } catch (error) {
    return { region, refused: reasonOf(error) };
  }
}

function seenIn(listings: readonly Listing[]): Map<string, Seen> {
  const seen = new Map<string, Seen>();
  for (const listing of listings) {
    if (!('trails' in listing)) continue;
    for (const trail of listing.trails) {
      const known = seen.get(trail.TrailARN ?? '');
      if (known) known.regions.push(listing.region);
      else seen.set(trail.TrailARN ?? '', { trail, regions: [listing.region] });
    }
  }
  return seen;
}

/**
 * The trail check of an account's Regions, in their order: which trail sends each Region's EC2 management write
 * events to EventBridge, or why none does. Each Region is asked which trails it shows, each trail once for its status
 * and selectors, however many Regions show it. Never throws: a check that fails is `unknown`, with the reason.
 * Source: "AWS service events delivered via AWS CloudTrail", EventBridge user guide.
 */
export async function checkTrails(
  accountId: string,
  regions: readonly string[],
  clientIn: CloudTrailIn,
): Promise<RegionCoverage[]> {
  const listings = await Promise.all(regions.map((region) => list(region, clientIn)));
  const asked = new Map<string, Asked>();
  await Promise.all(
    [...seenIn(listings)].map(async ([arn, seen]) => asked.set(arn, await askOnce(seen, clientIn))),
  );
  const observed = [...asked.values()].flatMap((one) => ('trail' in one ? [one.trail] : []));
  return listings.map((listing) => {
    const { region } = listing;
    if ('refused' in listing)
      return { region, trail: { covered: 'unknown', reason: `the trail check failed: ${listing.refused}` } };
    const arns = listing.trails.map(({ TrailARN = '' }) => TrailARN);
    const answers = arns.flatMap((arn) => asked.get(arn) ?? []);
    const trail = evaluateTrails({
      accountId,
      region,
      trails: answers.flatMap((one) => ('trail' in one ? [one.trail] : [])),
      elsewhere: observed.filter(({ arn, multiRegion }) => !multiRegion && !arns.includes(arn)),
      unread: answers.flatMap((one) => ('refused' in one ? [one.refused] : [])),
    });
    return { region, trail };
  });
}
