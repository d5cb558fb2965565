import type { Page } from './cloud.ts';

/** All items of a paginated listing. @throws when any page fails. */
export async function everyPage<Item>(
  read: (token: string | undefined) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const page = await read(token);
    items.push(...page.items);
    token = page.nextToken || undefined;
    if (token && seen.has(token)) throw new Error('a listing gave the same page token twice');
    if (token) seen.add(token);
  } while (token);
  return items;
}
