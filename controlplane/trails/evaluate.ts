import { isOwnTrail } from '../../programs/names.ts';
import type { ObservedTrail, TrailCause, TrailCheck, TrailKind } from '../stacks/trail-check.ts';
import { noTrail, problemOf, redundant, warningsOf } from './fix.ts';
import { causeOfSelectors } from './selectors.ts';

const kindOf = ({ organization, multiRegion }: ObservedTrail): TrailKind => {
  if (organization) return 'organization';
  return multiRegion ? 'multi-Region' : 'single-Region';
};

const rank: Record<TrailKind, number> = { organization: 0, 'multi-Region': 1, 'single-Region': 2 };

/** Why a trail does not cover a Region, or undefined when it does. Pure. */
export function causeOf(trail: ObservedTrail, region: string): Exclude<TrailCause, 'none'> | undefined {
  if (!trail.multiRegion && trail.homeRegion !== region) return 'elsewhere';
  return trail.logging ? causeOfSelectors(trail) : 'stopped';
}

export interface RegionTrails {
  readonly accountId: string;
  readonly region: string;
  /** The trails that DescribeTrails returned there, with status and selectors. */
  readonly trails: readonly ObservedTrail[];
  /** Trails of the account that only other Regions return. */
  readonly elsewhere?: readonly ObservedTrail[];
  /** Why some of these trails could not be read. */
  readonly unread?: readonly string[];
}

function covered(trails: readonly ObservedTrail[], accountId: string): TrailCheck {
  const own = ({ arn }: ObservedTrail) => isOwnTrail(arn, accountId);
  const [first, ...more] = trails.toSorted(
    (a, b) =>
      Number(own(a)) - Number(own(b)) || rank[kindOf(a)] - rank[kindOf(b)] || a.arn.localeCompare(b.arn),
  ) as [ObservedTrail, ...ObservedTrail[]];
  const also = more.map(({ arn }) => arn);
  const warnings = [...warningsOf(first), ...more.filter(own).map(({ arn }) => redundant(arn, first.arn))];
  return {
    covered: true,
    trailArn: first.arn,
    kind: kindOf(first),
    ...(also.length > 0 && { also }),
    ...(warnings.length > 0 && { warnings }),
  };
}

/**
 * Evaluates the trails that an account shows in a Region, and gives the cause and fix for each that does not cover
 * it. One covering trail is enough, even if others could not be read; without one, an unreadable trail makes the
 * result unknown. Pure.
 */
export function evaluateTrails({
  accountId,
  region,
  trails,
  elsewhere = [],
  unread = [],
}: RegionTrails): TrailCheck {
  const covering = trails.filter((trail) => causeOf(trail, region) === undefined);
  if (covering.length > 0) return covered(covering, accountId);
  if (unread.length > 0)
    return { covered: 'unknown', reason: `the trail check failed: ${unread.join('; ')}` };
  const candidates = [...trails, ...elsewhere].toSorted((a, b) => a.arn.localeCompare(b.arn));
  const problems = candidates.flatMap((trail) => {
    const cause = causeOf(trail, region);
    return cause ? [problemOf({ ...trail, own: isOwnTrail(trail.arn, accountId) }, cause)] : [];
  });
  const all = problems.length > 0 ? problems : [noTrail];
  return { covered: false, reason: all.map(({ message }) => message).join('; '), problems: all };
}
