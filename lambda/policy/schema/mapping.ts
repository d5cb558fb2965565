import * as z from 'zod';

/** A mapping that refuses unknown keys and lists the known ones. */
export function mapping<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      const keys = Object.keys(shape);
      if (issue.code === 'unrecognized_keys')
        return [`use one of: ${keys.join(', ')}`, ...hints(issue.keys, keys)].join('; ');
      return `write a mapping with: ${keys.join(', ')}`;
    },
  });
}

/** For each unknown key, the known key within an edit distance of a third of its length. */
function hints(unknown: readonly string[], known: readonly string[]): string[] {
  return unknown.flatMap((key) => {
    const [nearest] = known
      .map((name) => ({ name, distance: distance(key.toLowerCase(), name.toLowerCase()) }))
      .filter((each) => each.distance <= Math.max(1, Math.floor(key.length / 3)))
      .sort((one, other) => one.distance - other.distance);
    return nearest ? [`did you mean ${nearest.name} by ${key.slice(0, 64)}?`] : [];
  });
}

function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [above, letter] of [...one].entries()) {
    const next = [above + 1];
    for (let at = 1; at <= other.length; at += 1) {
      const change = (row[at - 1] ?? 0) + (letter === other[at - 1] ? 0 : 1);
      next.push(Math.min(change, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** A list of at least one item: an empty list would match nothing and still look like a rule. */
export function someOf<Item extends z.ZodType>(item: Item, fix: string) {
  return z.array(item, fix).min(1, `${fix}; or leave the key out`);
}

/** One item, or a list of them. A mistake has its own path in both forms. */
export function oneOrMore<Item extends z.ZodType>(item: Item, fix: string) {
  const list = z.array(item).min(1, fix);
  return z.unknown().transform((value, context): z.infer<Item> | z.infer<Item>[] => {
    const parsed = Array.isArray(value) ? list.safeParse(value) : item.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const issue of parsed.error.issues) context.issues.push({ ...issue, input: value } as never);
    return z.NEVER;
  });
}

export function text(what: string, limit = 500) {
  return z
    .string(`write ${what} as text`)
    .min(1, `write ${what}, or leave the key out`)
    .max(limit, `use at most ${limit} characters`);
}

/** A value that is right or wrong as a whole: `mistake` returns the message, or nothing. */
export function checked<Value>(mistake: (value: unknown) => string | undefined) {
  return z.custom<Value>().check((context) => {
    const message = mistake(context.value);
    if (message) context.issues.push({ code: 'custom', input: context.value, message });
  });
}
