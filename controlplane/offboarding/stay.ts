import type { Result } from '../queue/result.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Topic } from '../store/confirmations.ts';
import type { StackRecord } from '../store/stacks.ts';
import { setAccountReady, setStackReady } from './conditions.ts';
import type { OffboardingContext } from './context.ts';
import { heldSentence } from './question.ts';

export const second = 1000;
export const minute = 60 * second;

export const wait = (
  ms: number,
  reason: 'AwaitingConfirmation' | 'PrerequisiteFailed' | 'NotReachable' | 'Waiting',
  message: string,
) => ({ kind: 'requeueAfter', requeueAfterMs: ms, reason, message }) as const satisfies Result;

/** Leaves a departing stack where it is for now, and says why on its record too. */
export async function hold(
  context: OffboardingContext,
  stack: StackRecord,
  why: ReturnType<typeof wait>,
): Promise<Result> {
  const { reason, message } = why;
  await setStackReady(context, stack, { status: 'False', reason, message });
  return why;
}

/** Why a stack stays that nobody has cleared. */
export async function uncleared({ store }: OffboardingContext, topic: Topic) {
  const asked = await store.confirmations.standing(topic);
  const message = asked ? heldSentence(asked) : 'waits until the organization has been looked at as a whole';

  return wait(10 * minute, 'AwaitingConfirmation', message);
}

interface Staying {
  readonly stack: StackRecord | undefined;
  /** The account, where it is about all that is in it. */
  readonly account?: AccountRecord;
  /** `Unknown`: it could not be looked at. */
  readonly status: 'False' | 'Unknown';
}

/** What AWS keeps from being done about a stack for now: on the records, and in the log where it is news. */
export async function stay<V extends Result & { message: string }>(
  context: OffboardingContext,
  { stack, account, status }: Staying,
  verdict: V,
): Promise<V> {
  if (!stack) return verdict;
  const { message } = verdict;
  const Ready = { status, reason: 'NotReachable', message } as const;
  if (await setStackReady(context, stack, Ready))
    context.log.warn({ stack: stack.key, error: message }, 'stack stays for now');
  if (account) await setAccountReady(context, account, Ready);
  return verdict;
}
