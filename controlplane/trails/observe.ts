import {
  type CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
  type GetTrailStatusCommandOutput,
  type Trail,
} from '@aws-sdk/client-cloudtrail';
import { reasonOf } from '../settings/errors.ts';
import type { ObservedTrail, RegionCoverage, Selectors } from '../stacks/trail-check.ts';
import { causeOf, evaluateTrails } from './evaluate.ts';

export type CloudTrailIn = (region: string) => Promise<CloudTrailClient>;

interface Seen {
  readonly trail: Trail;
  readonly regions: string[];
}

/** Answers of the account that owns an organization trail. */
export interface TrailOwner {
  /** @throws what the owner's account answers */
  status(trail: Trail): Promise<GetTrailStatusCommandOutput>;
  /** @throws what the owner's account answers */
  selectors(trail: Trail): Promise<Selectors>;
}

/** A trail as far as it was read. `doubt`: why the status or the selectors are not known. */
interface Asked {
  readonly trail: ObservedTrail;
  readonly doubt?: string;
}

/** What a trail without event selectors of its own records: all management events. */
const defaultSelectors: Selectors = {
  eventSelectors: [{ ReadWriteType: 'All', IncludeManagementEvents: true }],
  advancedEventSelectors: [],
};

/** Empty texts are not errors: the API uses both forms. */
const failures = (status: Partial<GetTrailStatusCommandOutput>): ObservedTrail['failing'] => ({
  ...(status.LatestDeliveryError && { log: status.LatestDeliveryError }),
  ...(status.LatestDigestDeliveryError && { digest: status.LatestDigestDeliveryError }),
  ...(status.LatestCloudWatchLogsDeliveryError && { logGroup: status.LatestCloudWatchLogsDeliveryError }),
  ...(status.LatestNotificationError && { notification: status.LatestNotificationError }),
});

export const readSelectors = async (client: CloudTrailClient, { TrailARN }: Trail): Promise<Selectors> => {
  const answer = await client.send(new GetEventSelectorsCommand({ TrailName: TrailARN }));
  return {
    eventSelectors: answer.EventSelectors ?? [],
    advancedEventSelectors: answer.AdvancedEventSelectors ?? [],
  };
};

type Attempt<T> = () => Promise<T>;

/** The first answer, or the refusals of all attempts. */
async function firstAnswer<T>(attempts: readonly Attempt<T>[]): Promise<{ answer: T } | { refused: string }> {
  const refused = new Set<string>();
  for (const attempt of attempts) {
    try {
      return { answer: await attempt() };
    } catch (error) {
      refused.add(reasonOf(error));
    }
  }
  return { refused: [...refused].join('; ') };
}

interface Readers {
  readonly accountId: string;
  readonly clientIn: CloudTrailIn;
  readonly owner: TrailOwner | undefined;
}

/**
 * Reads a trail in its home Region if the account shows it there, else in another; once more elsewhere on a refusal.
 * An organization trail's selectors are asked of its owner first, because AWS may refuse them to members.
 * Source of `HasCustomEventSelectors`: internal/service/cloudtrail/trail.go, hashicorp/terraform-provider-aws.
 */
async function askOnce({ trail, regions }: Seen, { accountId, clientIn, owner }: Readers): Promise<Asked> {
  const arn = trail.TrailARN ?? '';
  const home = regions.filter((region) => region === trail.HomeRegion);
  const order = [...home, ...regions.filter((region) => region !== trail.HomeRegion)].slice(0, 2);
  const here = <T>(read: (client: CloudTrailClient) => Promise<T>): Attempt<T>[] =>
    order.map((region) => async () => read(await clientIn(region)));
  const foreign = trail.IsOrganizationTrail === true && arn.split(':')[4] !== accountId ? owner : undefined;
  const statusReads = here((client) => client.send(new GetTrailStatusCommand({ Name: arn })));
  const [status, selectors] = await Promise.all([
    firstAnswer([...statusReads, ...(foreign ? [() => foreign.status(trail)] : [])]),
    trail.HasCustomEventSelectors === false
      ? { answer: defaultSelectors }
      : firstAnswer([
          ...(foreign ? [() => foreign.selectors(trail)] : []),
          ...here((client) => readSelectors(client, trail)),
        ]),
  ]);
  const known = 'answer' in status ? status.answer : { IsLogging: true };
  const refusals = [status, selectors].flatMap((one) => ('refused' in one ? [one.refused] : []));
  const observed = {
    arn,
    homeRegion: trail.HomeRegion ?? arn.split(':')[3] ?? '',
    organization: trail.IsOrganizationTrail === true,
    multiRegion: trail.IsMultiRegionTrail === true,
    bucket: trail.S3BucketName ?? '',
    logging: known.IsLogging === true,
    ...('answer' in selectors ? selectors.answer : defaultSelectors),
    failing: failures(known),
  };
  return { trail: observed, ...(refusals.length > 0 && { doubt: [...new Set(refusals)].join('; ') }) };
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

/** The check of one Region. A trail that was read in part counts where the known part shows that it does not cover. */
function checkOf(
  accountId: string,
  { region, trails }: Extract<Listing, { trails: unknown }>,
  asked: ReadonlyMap<string, Asked>,
): RegionCoverage['trail'] {
  const arns = trails.map(({ TrailARN = '' }) => TrailARN);
  const answers = arns.flatMap((arn) => asked.get(arn) ?? []);
  // What is not known was taken as covering, so a cause that is found comes from what is known.
  const open = answers.filter(({ trail, doubt }) => doubt !== undefined && !causeOf(trail, region));
  return evaluateTrails({
    accountId,
    region,
    trails: answers.filter((one) => !open.includes(one)).map(({ trail }) => trail),
    elsewhere: [...asked.values()]
      .map(({ trail }) => trail)
      .filter(({ arn, multiRegion }) => !multiRegion && !arns.includes(arn)),
    unread: open.flatMap(({ doubt }) => doubt ?? []),
  });
}

/**
 * The trail check of an account's Regions, in their order: which trail sends each Region's EC2 management write
 * events to EventBridge, or why none does. Each Region is asked which trails it shows, each trail once for its status
 * and selectors, however many Regions show it. Never throws: a check that fails is `unknown`, with the reason, and
 * makes no other check unknown.
 * Source: "AWS service events delivered via AWS CloudTrail", EventBridge user guide.
 */
export async function checkTrails(
  accountId: string,
  regions: readonly string[],
  clientIn: CloudTrailIn,
  owner?: TrailOwner,
): Promise<RegionCoverage[]> {
  const listings = await Promise.all(regions.map((region) => list(region, clientIn)));
  const asked = new Map<string, Asked>();
  const readers = { accountId, clientIn, owner };
  await Promise.all(
    [...seenIn(listings)].map(async ([arn, seen]) => asked.set(arn, await askOnce(seen, readers))),
  );
  return listings.map((listing) => ({
    region: listing.region,
    trail:
      'refused' in listing
        ? { covered: 'unknown', reason: `the trail check failed: ${listing.refused}` }
        : checkOf(accountId, listing, asked),
  }));
}
