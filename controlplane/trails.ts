import {
  type AdvancedEventSelector,
  type CloudTrailClient,
  DescribeTrailsCommand,
  type EventSelector,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
  type Trail,
} from '@aws-sdk/client-cloudtrail';
import { reasonOf } from './errors.ts';

/** What the trail check found in one account and Region. `unknown` is not `uncovered`: the check itself failed. */
export type TrailCheck =
  | { readonly covered: true; readonly trailArn: string }
  | { readonly covered: false; readonly reason: string }
  | { readonly covered: 'unknown'; readonly reason: string };

/** A trail as seen from one account and Region. */
export interface ObservedTrail {
  readonly arn: string;
  readonly logging: boolean;
  readonly eventSelectors: readonly EventSelector[];
  readonly advancedEventSelectors: readonly AdvancedEventSelector[];
}

const ec2 = 'ec2.amazonaws.com';

/** Whether one field of an advanced event selector admits the value. */
function admits(selector: AdvancedEventSelector, field: string, value: string): boolean {
  return (selector.FieldSelectors ?? [])
    .filter((candidate) => candidate.Field === field)
    .every(
      (f) =>
        (!f.Equals || f.Equals.includes(value)) &&
        !f.NotEquals?.includes(value) &&
        (!f.StartsWith || f.StartsWith.some((start) => value.startsWith(start))) &&
        !f.NotStartsWith?.some((start) => value.startsWith(start)) &&
        (!f.EndsWith || f.EndsWith.some((end) => value.endsWith(end))) &&
        !f.NotEndsWith?.some((end) => value.endsWith(end)),
    );
}

/** Whether a trail's selectors log EC2's management write events. */
export function logsWrites(trail: Pick<ObservedTrail, 'eventSelectors' | 'advancedEventSelectors'>): boolean {
  if (trail.advancedEventSelectors.length > 0) {
    return trail.advancedEventSelectors.some(
      (selector) =>
        admits(selector, 'eventCategory', 'Management') &&
        admits(selector, 'readOnly', 'false') &&
        admits(selector, 'eventSource', ec2),
    );
  }
  return trail.eventSelectors.some(
    (selector) =>
      selector.IncludeManagementEvents !== false &&
      selector.ReadWriteType !== 'ReadOnly' &&
      !(selector.ExcludeManagementEventSources ?? []).includes(ec2),
  );
}

/**
 * Judges the trails that an account shows in a Region; says why none covers it. One covering trail is enough,
 * whatever could not be asked of the others; without one, what could not be asked makes the answer unknown.
 */
export function judgeTrails(trails: readonly ObservedTrail[], unasked: readonly string[] = []): TrailCheck {
  if (trails.length + unasked.length === 0)
    return { covered: false, reason: 'no trail covers this Region of the account' };
  const covering = trails.find((trail) => trail.logging && logsWrites(trail));
  if (covering) return { covered: true, trailArn: covering.arn };
  if (unasked.length > 0)
    return { covered: 'unknown', reason: `the trail check failed: ${unasked.join('; ')}` };
  const why = trails.map((trail) =>
    trail.logging
      ? `${trail.arn} does not log management write events of EC2`
      : `logging of ${trail.arn} is stopped`,
  );
  return { covered: false, reason: why.join('; ') };
}

async function observe(client: CloudTrailClient, trail: Trail): Promise<ObservedTrail> {
  const arn = trail.TrailARN ?? '';
  const [status, selectors] = await Promise.all([
    client.send(new GetTrailStatusCommand({ Name: arn })),
    client.send(new GetEventSelectorsCommand({ TrailName: arn })),
  ]);
  return {
    arn,
    logging: status.IsLogging === true,
    eventSelectors: selectors.EventSelectors ?? [],
    advancedEventSelectors: selectors.AdvancedEventSelectors ?? [],
  };
}

/**
 * The trail check of one account and Region: which trail delivers its EC2 management write events to EventBridge,
 * or why none does. A trail in the Region, a multi-Region trail and an organization trail count alike. Never throws:
 * a check that fails is `unknown`, with the reason.
 * Source: "Receiving read-only and write management events", EventBridge user guide.
 */
export async function checkTrails(client: CloudTrailClient): Promise<TrailCheck> {
  try {
    const { trailList = [] } = await client.send(new DescribeTrailsCommand({ includeShadowTrails: true }));
    const asked = await Promise.allSettled(trailList.map((trail) => observe(client, trail)));
    return judgeTrails(
      asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      asked.flatMap((one) => (one.status === 'rejected' ? [reasonOf(one.reason)] : [])),
    );
  } catch (error) {
    return { covered: 'unknown', reason: `the trail check failed: ${reasonOf(error)}` };
  }
}
