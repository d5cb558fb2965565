import type { Condition } from '../stacks/conditions.ts';
import type { TrailCheck, TrailProblem, TrailWarning } from '../stacks/trail-check.ts';

const once = (texts: readonly string[]): string => [...new Set(texts)].join('; ');

const said = (found: readonly (TrailProblem | TrailWarning)[]): string =>
  `${once(found.map(({ message }) => message))}. Mend: ${once(found.map(({ mend }) => mend))}`;

/** Why Regions are uncovered, with the mends. A check stored by an earlier version has its reason alone. */
function problemsOf(checks: readonly TrailCheck[]): string {
  const uncovered = checks.flatMap((check) => (check.covered === false ? [check] : []));
  const problems = uncovered.flatMap(({ problems }) => problems ?? []);
  const bare = uncovered.flatMap((check) => (check.problems ? [] : [check.reason]));
  return [...(bare.length > 0 ? [once(bare)] : []), ...(problems.length > 0 ? [said(problems)] : [])].join(
    '; ',
  );
}

/** What is wrong with covering trails, each once, with the mend; nothing is missed for it. */
export const trailWarnings = (checks: readonly TrailCheck[]): string[] => [
  ...new Set(
    checks
      .flatMap((check) => (check.covered === true ? (check.warnings ?? []) : []))
      .map((one) => said([one])),
  ),
];

/** An account's coverage over all its Regions: True where every one is covered, Unknown where a check failed. */
export function trailsCondition(checks: readonly TrailCheck[]): Omit<Condition, 'since'> {
  const failed = checks.find((check) => check.covered === 'unknown');
  if (failed && failed.covered === 'unknown') {
    return { status: 'Unknown', reason: 'CheckFailed', message: failed.reason };
  }
  const uncovered = checks.filter(({ covered }) => covered === false);
  if (checks.length === 0)
    return { status: 'Unknown', reason: 'CheckFailed', message: 'no Region was checked' };
  if (uncovered.length === 0) {
    const message = [`${checks.length} Regions`, ...trailWarnings(checks)].join('; ');
    return { status: 'True', reason: 'Covered', message };
  }
  return {
    status: 'False',
    reason: uncovered.length === checks.length ? 'NotCovered' : 'PartlyCovered',
    message: `${uncovered.length} of ${checks.length} Regions get no events: ${problemsOf(checks)}`,
  };
}
