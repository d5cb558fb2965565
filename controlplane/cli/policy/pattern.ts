/** Whether an event matches an event pattern, with the operators that our patterns use. @throws on any other operator */
export function matchesPattern(pattern: object, event: unknown): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    if (key === '$or') return (wanted as object[]).some((each) => matchesPattern(each, event));
    const values = valuesOf(event, key);
    if (Array.isArray(wanted))
      return values.some((value) => wanted.some((each) => matchesValue(each, value)));
    return values.some((value) => matchesPattern(wanted, value));
  });
}

/** EventBridge looks into lists: the values of a key are those of every item. */
function valuesOf(event: unknown, key: string): unknown[] {
  if (Array.isArray(event)) return event.flatMap((each) => valuesOf(each, key));
  if (typeof event !== 'object' || event === null || !Object.hasOwn(event, key)) return [];
  const value: unknown = Object.getOwnPropertyDescriptor(event, key)?.value;
  return Array.isArray(value) ? value : [value];
}

function matchesValue(wanted: unknown, value: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return wanted === value;
  const [[operator, operand] = [], ...more] = Object.entries(wanted);
  if (operator !== 'prefix' || more.length > 0)
    throw new Error(`the pattern operator ${operator} is not supported`);
  return typeof value === 'string' && value.startsWith(String(operand));
}
