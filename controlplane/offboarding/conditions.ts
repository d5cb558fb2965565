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
  const { Ready: marked } = mark(conditions, { Ready }, now().toISOString());
  if (marked) await store.stacks.setConditions(key, { Ready: marked });
  return true;
}

export async function setAccountReady(
  { store, now }: OffboardingContext,
  { id, conditions }: AccountRecord,
  Ready: Ready,
): Promise<void> {
  if (conditions.Ready?.message === Ready.message) return;
  const { Ready: marked } = mark(conditions, { Ready }, now().toISOString());
  if (marked) await store.accounts.setConditions(id, { Ready: marked });
}
