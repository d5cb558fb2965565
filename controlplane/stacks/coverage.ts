import { isOwnTrail } from '../../programs/names.ts';
import type { RegionCoverage, TrailCheck } from './trail-check.ts';

/** What the last check that could tell said of a Region, with the trails that it saw. */
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

/** What is known of the Regions found: a check that failed leaves what was known before, so that it hides no change. Pure. */
export function knownAfter(
  known: readonly KnownCoverage[],
  found: readonly RegionCoverage[],
): KnownCoverage[] {
  const before = new Map(known.map((one) => [one.region, one]));
  return found.flatMap((one) => knownBy(one) ?? before.get(one.region) ?? []);
}

/** Regions that did not answer at a look: unknown, so that what was known of them stays known. Pure. */
export const unanswered = (regions: readonly string[], reason: string): RegionCoverage[] =>
  regions.map((region) => ({ region, trail: { covered: 'unknown', reason } }));

/** A Region whose coverage changed. */
export interface ChangedRegion {
  readonly region: string;
  /** The trail that covered it, or covers it now. */
  readonly trail: string | null;
  /** Why it is not covered any more; empty where it is again. */
  readonly problems: readonly { readonly cause: string; readonly message: string; readonly mend: string }[];
}

export interface CoverageChange {
  readonly lost: readonly ChangedRegion[];
  readonly regained: readonly ChangedRegion[];
}

/** An uncovered check's problems; one that an earlier version stored has its reason alone. */
const problemsOf = (check: Extract<TrailCheck, { covered: false }>): ChangedRegion['problems'] =>
  check.problems?.map(({ cause, message, mend }) => ({ cause, message, mend })) ?? [
    { cause: 'unknown', message: check.reason, mend: 'portcullis status' },
  ];

/**
 * The Regions whose coverage was lost or regained since it was last known. What a failed check leaves unknown is no
 * change; a Region looked at for the first time, or not any more, is none either. Pure.
 */
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
 * The home Region of the trail that Portcullis makes, or is to make, in an account; nothing where it has none. With
 * `create` there is one where a Region has no coverage, and from then on for as long as that trail is there: its own
 * coverage never counts against it, nor does another trail that comes later. It is retired by `report` alone. A failed
 * check decides nothing: `known` says what was there before. Pure.
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
