import type { Condition } from '../stacks/conditions.ts';
import type { TrailCheck, TrailProblem, TrailWarning } from '../stacks/trail-check.ts';

const once = (texts: readonly string[]): string => [...new Set(texts)].join('; ');

const said = (found: readonly (TrailProblem | TrailWarning)[]): string =>
  `${once(found.map(({ message }) => message))}. Fix: ${once(found.map(({ mend }) => mend))}`;

/** Why Regions are uncovered, with the fixes. A check stored by an earlier version has only its reason. */
function problemsOf(checks: readonly TrailCheck[]): string {
  const uncovered = checks.flatMap((check) => (check.covered === false ? [check] : []));
  const problems = uncovered.flatMap(({ problems }) => problems ?? []);
  const bare = uncovered.flatMap((check) => (check.problems ? [] : [check.reason]));
  return [...(bare.length > 0 ? [once(bare)] : []), ...(problems.length > 0 ? [said(problems)] : [])].join(
    '; ',
  );
}

/** Problems of covering trails, each once, with the fix. No event is missed because of them. */
export const trailWarnings = (checks: readonly TrailCheck[]): string[] => [
  ...new Set(
    checks
      .flatMap((check) => (check.covered === true ? (check.warnings ?? []) : []))
      .map((one) => said([one])),
  ),
];

/** What is not known, each reason once. */
const uncheckedOf = (checks: readonly TrailCheck[]): string => {
  const reasons = checks.flatMap((check) => (check.covered === 'unknown' ? [check.reason] : []));
  return `${reasons.length} of ${checks.length} Regions were not checked: ${once(reasons)}`;
};

/** The coverage of all Regions of an account: False when one is known to be uncovered, Unknown when a check failed. */
export function trailsCondition(checks: readonly TrailCheck[]): Omit<Condition, 'since'> {
  const isUnchecked = checks.some(({ covered }) => covered === 'unknown');
  const uncovered = checks.filter(({ covered }) => covered === false);
  if (checks.length === 0)
    return { status: 'Unknown', reason: 'CheckFailed', message: 'no Region was checked' };
  if (uncovered.length > 0)
    return {
      status: 'False',
      reason: uncovered.length === checks.length ? 'NotCovered' : 'PartlyCovered',
      message: [
        `${uncovered.length} of ${checks.length} Regions get no events: ${problemsOf(checks)}`,
        ...(isUnchecked ? [uncheckedOf(checks)] : []),
      ].join('; '),
    };
  if (isUnchecked) return { status: 'Unknown', reason: 'CheckFailed', message: uncheckedOf(checks) };
  const message = [`${checks.length} Regions`, ...trailWarnings(checks)].join('; ');
  return { status: 'True', reason: 'Covered', message };
}
