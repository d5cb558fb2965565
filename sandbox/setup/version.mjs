/** @typedef {{ numbers: [number, number, number], prerelease: string }} Version */

/**
 * The first version in `text` (`v3.259.0`, `go1.25.11`, `Python 3.11.7`, `15.4`), a missing patch read as 0.
 * @param {string} text
 * @returns {Version | undefined} undefined where there is none
 */
export function parseVersion(text) {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?/.exec(text);
  if (!match) return undefined;
  return { numbers: [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)], prerelease: match[4] ?? '' };
}

/**
 * Negative, zero or positive, as for `sort`; a prerelease comes before its release, and two prereleases
 * of the same release count as equal.
 * @param {Version} a
 * @param {Version} b
 */
export function compareVersions(a, b) {
  for (const index of /** @type {const} */ ([0, 1, 2])) {
    const difference = a.numbers[index] - b.numbers[index];
    if (difference !== 0) return difference;
  }
  return Number(b.prerelease !== '') - Number(a.prerelease !== '');
}

/**
 * Whether `text` holds a version that is at least `minimum`.
 * @param {string} text
 * @param {string} minimum
 */
export function atLeast(text, minimum) {
  const [found, wanted] = [parseVersion(text), parseVersion(minimum)];
  return found !== undefined && wanted !== undefined && compareVersions(found, wanted) >= 0;
}

/**
 * Whether `text` holds a version that can stand in for `pin`: the same major version and not older.
 * @param {string} text
 * @param {string} pin
 */
export function compatible(text, pin) {
  return atLeast(text, pin) && parseVersion(text)?.numbers[0] === parseVersion(pin)?.numbers[0];
}
