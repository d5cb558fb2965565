import { isOwnTrail } from '../../programs/names.ts';
import type { RegionCoverage, TrailCheck } from './trail-check.ts';

/** The last known coverage of a Region, with the trails seen. */
export interface KnownCoverage {
  readonly region: string;
  readonly covered: boolean;
  readonly trailArns: readonly string[];
}

function knownBy({ region, trail }: RegionCoverage): KnownCoverage | undefined {
  if (trail.covered === 'unknown') return undefined;
  const trailArns = trail.covered
    ? [trail.trailArn, ...(trail.also ?? [])]
    : (trail.problems ?? []).flatMap(({ trailArn }) => trailArn ?? []);
  return { region, covered: trail.covered, trailArns };
}

/** The known coverage after an inspection. A failed check keeps what was known, so that it hides no change. Pure. */
export function knownAfter(
  known: readonly KnownCoverage[],
  found: readonly RegionCoverage[],
): KnownCoverage[] {
  const before = new Map(known.map((one) => [one.region, one]));
  return found.flatMap((one) => knownBy(one) ?? before.get(one.region) ?? []);
}

/** Regions that did not answer: unknown, so that their known coverage is kept. Pure. */
export const unanswered = (regions: readonly string[], reason: string): RegionCoverage[] =>
  regions.map((region) => ({ region, trail: { covered: 'unknown', reason } }));

export interface ChangedRegion {
  readonly region: string;
  /** The trail that covered it, or covers it now. */
  readonly trail: string | null;
  /** Why it is not covered; empty when coverage was regained. */
  readonly problems: readonly { readonly cause: string; readonly message: string; readonly mend: string }[];
}

export interface CoverageChange {
  readonly lost: readonly ChangedRegion[];
  readonly regained: readonly ChangedRegion[];
}

/** A check stored by an earlier version has only its reason. */
const problemsOf = (check: Extract<TrailCheck, { covered: false }>): ChangedRegion['problems'] =>
  check.problems?.map(({ cause, message, mend }) => ({ cause, message, mend })) ?? [
    { cause: 'unknown', message: check.reason, mend: 'portcullis status' },
  ];

/** Since it was last known: a failed check, a new Region and a removed one are no changes. Pure. */
export function coverageChange(
  known: readonly KnownCoverage[],
  found: readonly RegionCoverage[],
): CoverageChange {
  const before = new Map(known.map((one) => [one.region, one]));
  const lost: ChangedRegion[] = [];
  const regained: ChangedRegion[] = [];
  for (const { region, trail } of found) {
    const last = before.get(region);
    if (last?.covered && trail.covered === false)
      lost.push({ region, trail: last.trailArns[0] ?? null, problems: problemsOf(trail) });
    if (last && !last.covered && trail.covered === true)
      regained.push({ region, trail: trail.trailArn, problems: [] });
  }
  return { lost, regained };
}

/**
 * The home Region of the trail that Portcullis creates in an account; undefined without one. `create` adds a trail
 * when a Region has no coverage, and keeps it: its own coverage and later trails do not remove it, only `report`
 * does. After a failed check `known` decides. Pure.
 */
export function ownTrailRegion(
  setting: 'report' | 'create',
  account: { readonly id: string; readonly regions: readonly RegionCoverage[] },
  known: readonly KnownCoverage[],
): string | undefined {
  if (setting === 'report') return undefined;
  const arns = knownAfter(known, account.regions).flatMap(({ trailArns }) => trailArns);
  const own = arns.find((arn) => isOwnTrail(arn, account.id));
  if (own) return own.split(':')[3];
  const uncovered = account.regions.some(({ trail }) => trail.covered === false);
  return uncovered ? account.regions[0]?.region : undefined;
}
