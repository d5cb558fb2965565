/**
 * EventBridge's matching as far as the patterns use it: exact values, prefixes, alternatives, and nesting, where a
 * list matches by any of its elements. A test compares it with AWS's own matcher.
 */
export function matches(pattern: object, event: unknown): boolean {
  if (Array.isArray(event)) return event.some((element) => matches(pattern, element));
  if (typeof event !== 'object' || event === null) return false;
  return Object.entries(pattern).every(([key, wanted]) => {
    if (key === '$or') return (wanted as object[]).some((alternative) => matches(alternative, event));
    const value = (event as Record<string, unknown>)[key];
    return Array.isArray(wanted) ? wanted.some((one) => fits(one, value)) : matches(wanted, value);
  });
}

function fits(wanted: unknown, value: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return wanted === value;
  const { prefix, ...others } = wanted as { prefix?: string };
  if (prefix === undefined || Object.keys(others).length > 0) throw new Error('an operator not known here');
  return typeof value === 'string' && value.startsWith(prefix);
}
