import type { RunStack } from '../../store/run-stacks.ts';
import type { Client, RunWithStacks } from './http.ts';

/** A run as it is by now, and how to ask for what changes next. */
export interface FollowedRun {
  readonly run: RunWithStacks;
  readonly next: string;
  readonly stacks: ReadonlyMap<string, RunStack>;
}

const place = ({ key }: RunStack) => (key === 'hub' ? '' : key);
const byKey = (one: RunStack, other: RunStack) => (place(one) < place(other) ? -1 : 1);

/**
 * Reads what changed of a run since an earlier look, page by page, and puts it into what is known: the hub first, then by
 * key. Without an earlier look, the whole run.
 */
export async function runChanges(
  read: Client['runSince'],
  id: string,
  before?: FollowedRun,
): Promise<FollowedRun> {
  const stacks = new Map(before?.stacks);
  let since = before?.next;
  let first: RunWithStacks | undefined;
  for (;;) {
    const { counts: _, next, more, stacks: changed, ...answer } = await read(id, since);
    // Of the first page: where that says the run has ended, the pages have its stacks as it left them.
    first ??= { ...answer, stacks: [] };
    for (const stack of changed) stacks.set(stack.key, stack);
    since = next;
    if (!more) return { run: { ...first, stacks: [...stacks.values()].sort(byKey) }, next, stacks };
  }
}
