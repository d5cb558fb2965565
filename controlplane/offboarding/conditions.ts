import { type Condition, mark } from '../stacks/conditions.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { StackRecord } from '../store/stacks.ts';
import type { OffboardingContext } from './context.ts';

type Ready = Omit<Condition, 'since'>;

/** Records the Ready condition of a stack. Returns true when the message changed. */
export async function setStackReady(
  { store, now }: OffboardingContext,
  { key, conditions }: StackRecord,
  Ready: Ready,
): Promise<boolean> {
  if (conditions.Ready?.message === Ready.message) return false;
  await store.stacks.setConditions(key, mark(conditions, { Ready }, now().toISOString()));
  return true;
}

export async function setAccountReady(
  { store, now }: OffboardingContext,
  { id, conditions }: AccountRecord,
  Ready: Ready,
): Promise<void> {
  if (conditions.Ready?.message === Ready.message) return;
  await store.accounts.setConditions(id, mark(conditions, { Ready }, now().toISOString()));
}
