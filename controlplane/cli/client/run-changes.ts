import type { RunStack } from '../../store/run-stacks.ts';
import type { RunAnswer, RunWithStacks } from './http.ts';

/** A run as last read, and the position to read its next changes from. */
export interface FollowedRun {
  readonly run: RunWithStacks;
  readonly next: string;
  readonly stacks: ReadonlyMap<string, RunStack>;
}

const place = ({ key }: RunStack) => (key === 'hub' ? '' : key);
const byKey = (one: RunStack, other: RunStack) => (place(one) < place(other) ? -1 : 1);

/**
 * Reads what changed in a run since an earlier look, page by page, and merges it: the hub first, then by key. Without an
 * earlier look, it reads the whole run.
 */
export async function runChanges(
  read: (id: string, since?: string) => Promise<RunAnswer>,
  id: string,
  before?: FollowedRun,
): Promise<FollowedRun> {
  const stacks = new Map(before?.stacks);
  let since = before?.next;
  let first: RunWithStacks | undefined;
  for (;;) {
    const { counts: _, next, more, stacks: changed, ...answer } = await read(id, since);
    // The state of the first page: if the run has ended by then, the pages have the final state of its stacks.
    first ??= { ...answer, stacks: [] };
    for (const stack of changed) stacks.set(stack.key, stack);
    since = next;
    if (!more) return { run: { ...first, stacks: [...stacks.values()].sort(byKey) }, next, stacks };
  }
}
