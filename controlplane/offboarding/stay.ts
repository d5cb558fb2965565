import { type Result, requeueAfter } from '../queue/result.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Topic } from '../store/confirmations.ts';
import type { StackRecord } from '../store/stacks.ts';
import { setAccountReady, setStackReady } from './conditions.ts';
import type { OffboardingContext } from './context.ts';
import { heldSentence } from './question.ts';

export const second = 1000;
export const minute = 60 * second;

/** Keeps the stack for now and records the reason in its conditions. */
export async function hold(
  context: OffboardingContext,
  stack: StackRecord,
  why: ReturnType<typeof requeueAfter>,
): Promise<Result> {
  const { reason, message } = why;
  await setStackReady(context, stack, { status: 'False', reason, message });
  return why;
}

/** The reason why a stack that is not cleared stays. */
export async function uncleared({ store }: OffboardingContext, topic: Topic) {
  const asked = await store.confirmations.standing(topic);
  const message = asked ? heldSentence(asked) : 'waits for a complete listing of the organization';
  return requeueAfter(10 * minute, 'AwaitingConfirmation', message);
}

interface Staying {
  readonly stack: StackRecord | undefined;
  /** Set when the result applies to the whole account. */
  readonly account?: AccountRecord;
  /** `Unknown`: the stack could not be inspected. */
  readonly status: 'False' | 'Unknown';
}

/** Records that AWS access prevents the offboarding for now, in the conditions and, on a change, in the log. */
export async function stay<V extends Result & { message: string }>(
  context: OffboardingContext,
  { stack, account, status }: Staying,
  result: V,
): Promise<V> {
  if (!stack) return result;
  const { message } = result;
  const Ready = { status, reason: 'NotReachable', message } as const;
  if (await setStackReady(context, stack, Ready))
    context.log.warn({ stack: stack.key, error: message }, 'stack is kept for now');
  if (account) await setAccountReady(context, account, Ready);
  return result;
}
