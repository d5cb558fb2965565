import type { Condition } from './conditions.ts';
import type { TrailCheck } from './trails.ts';

/** An account's coverage over all its Regions: True where every one is covered, Unknown where a check failed. */
export function trailsCondition(checks: readonly TrailCheck[]): Omit<Condition, 'since'> {
  const failed = checks.find((check) => check.covered === 'unknown');
  if (failed && failed.covered === 'unknown') {
    return { status: 'Unknown', reason: 'CheckFailed', message: failed.reason };
  }
  const uncovered = checks.flatMap((check) => (check.covered === false ? [check.reason] : []));
  if (checks.length === 0)
    return { status: 'Unknown', reason: 'CheckFailed', message: 'no Region was checked' };
  if (uncovered.length === 0)
    return { status: 'True', reason: 'Covered', message: `${checks.length} Regions` };
  const reasons = [...new Set(uncovered)].join('; ');
  return {
    status: 'False',
    reason: uncovered.length === checks.length ? 'NotCovered' : 'PartlyCovered',
    message: `${uncovered.length} of ${checks.length} Regions get no events: ${reasons}`,
  };
}
