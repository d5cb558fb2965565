/**
 * The numbers of the first version in `text` (`v3.259.0`, `go1.25.11`, `Python 3.11.7`, `15.4`): a missing patch is 0,
 * and a prerelease comes before its release.
 * @param {string} text
 */
function numbersOf(text) {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?(-)?/.exec(text);
  return match && [Number(match[1]), Number(match[2]), Number(match[3] ?? 0), match[4] ? -1 : 0];
}

/**
 * Whether `text` has a version that is at least `minimum`.
 * @param {string} text
 * @param {string} minimum
 */
export function atLeast(text, minimum) {
  const [found, wanted] = [numbersOf(text), numbersOf(minimum)];
  if (!found || !wanted) return false;
  const index = found.findIndex((number, place) => number !== wanted[place]);
  return index < 0 || Number(found[index]) > Number(wanted[index]);
}

/**
 * Whether `text` has a version that can stand in for `pin`: the same major version and not older.
 * @param {string} text
 * @param {string} pin
 */
export function compatible(text, pin) {
  return atLeast(text, pin) && numbersOf(text)?.[0] === numbersOf(pin)?.[0];
}
