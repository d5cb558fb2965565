import { setTimeout as sleep } from 'node:timers/promises';
import { isServerFault, isThrottling, isTransient } from '../aws/errors.ts';
import { reasonOf } from '../settings/errors.ts';

/** Pauses after each round of the SDK's own retries that was used up, milliseconds; then the failure stands. */
const pauses = [1_000, 4_000, 15_000];

export type Pause = (milliseconds: number) => Promise<unknown>;

/** Whether a failure does not depend on the account: throttled, 5xx, or no response. */
const isTemporary = (error: unknown): boolean =>
  isThrottling(error) ||
  isServerFault(error) ||
  isTransient(`${error instanceof Error ? error.name : ''}: ${reasonOf(error)}`);

/**
 * A read that is slower under throttling and not incomplete: after temporary failures it is sent again, several
 * times. @throws the last failure, and every failure that is not temporary
 */
export async function patiently<T>(read: () => Promise<T>, pause: Pause = sleep): Promise<T> {
  for (const milliseconds of pauses) {
    try {
      return await read();
    } catch (error) {
      if (!isTemporary(error)) throw error;
      await pause(milliseconds * (0.5 + Math.random()));
    }
  }
  return read();
}

/** A fact that could not be read, with the reason. */
export interface Unread {
  readonly unread: string;
}

export const isUnread = (value: object): value is Unread => 'unread' in value;

/** What a read gives, or why it gave nothing. Never throws. */
export async function orUnread<T>(what: string, read: () => Promise<T>): Promise<T | Unread> {
  try {
    return await read();
  } catch (error) {
    return { unread: `${what} could not be read: ${failureOf(error)}` };
  }
}

/** The error's code and message in one line. */
export function failureOf(error: unknown): string {
  const name = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : '';
  return `${name}${reasonOf(error)}`;
}

/** The items of every page of a listing. @throws when a page fails, or when a page token is returned twice */
export async function everyPage<Item>(
  read: (
    token: string | undefined,
  ) => Promise<{ items: readonly Item[] | undefined; next: string | undefined }>,
  each: (items: readonly Item[]) => void | Promise<void>,
): Promise<void> {
  const seen = new Set<string>();
  let token: string | undefined;
  do {
    const page = await patiently(() => read(token));
    await each(page.items ?? []);
    token = page.next || undefined;
    if (token && seen.has(token)) throw new Error('a listing returned the same page token twice');
    if (token) seen.add(token);
  } while (token);
}

/** EC2's limit of values in a filter. */
const filterValues = 200;

/** What is listed by one filter with these values, in as many calls as needed. @throws when a page fails */
export async function everyMatch<Item>(
  Name: string,
  values: readonly string[],
  read: (asked: {
    readonly Filters: { Name: string; Values: string[] }[];
    readonly NextToken: string | undefined;
  }) => Promise<{ items: readonly Item[] | undefined; next: string | undefined }>,
): Promise<Item[]> {
  const found: Item[] = [];
  for (const Values of inParts(values, filterValues)) {
    const Filters = [{ Name, Values }];
    await everyPage(
      (NextToken) => read({ Filters, NextToken }),
      (items) => void found.push(...items),
    );
  }
  return found;
}

/** Parts of at most `size`, in order. */
export function inParts<Item>(items: readonly Item[], size: number): Item[][] {
  const parts: Item[][] = [];
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size));
  return parts;
}
