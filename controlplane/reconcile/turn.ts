import { placeOfKey } from '../stacks/key.ts';
import type { StackRecord } from '../store/stacks.ts';
import type { ReconcileContext } from './context.ts';
import type { Decision } from './decide.ts';
import { rolloutOf } from './release-run.ts';

/** The `requestedBy` of onboarding runs. */
export const onboardingName = 'onboarding';

/** Why a stack that does not exist yet must not be created by this request. */
async function notItsTurn({ store, key }: ReconcileContext): Promise<string | undefined> {
  const last = await store.runStacks.latest(key);
  if (last) {
    const { run, state } = last;
    const onboarding = run.requestedBy === onboardingName;
    if (run.state === 'paused') return `waits for run ${run.id}, which is paused: ${run.message}`;
    if (run.finishedAt === null && (state === undefined || state === 'pending'))
      return `waits for its turn in run ${run.id}`;
    if (onboarding && run.state === 'cancelled') {
      const id = placeOfKey(key)?.accountId;
      return `onboarding run ${run.id} was ${run.message}; portcullis reconcile --account ${id} makes it`;
    }
    if (!onboarding) return undefined;
  }
  if (!key.startsWith('account-')) return undefined;
  const paused = await store.runs.latestOf(onboardingName, 'paused');
  return paused && `waits for onboarding run ${paused.id}, which is paused: ${paused.message}`;
}

/**
 * Adjusts the decision for a stack that no run requested: a new stack waits for its run, and a stack that a finished
 * roll-out missed is updated. Reads the store only then.
 */
export async function inTurn(
  context: ReconcileContext,
  record: Pick<StackRecord, 'generation' | 'operationStartedAt'>,
  release: string | undefined,
  decision: Decision,
): Promise<Decision> {
  if (decision.do === 'hold' && release !== undefined)
    return (await rolloutOf(context.store, release)) === 'over' ? { do: 'up' } : decision;
  // The hub has no release. An interrupted operation is always finished.
  const made = record.generation !== null || record.operationStartedAt !== null;
  if (decision.do !== 'up' || release === undefined || made || context.requests.length > 0) return decision;
  const message = await notItsTurn(context);
  return message ? { do: 'wait', message } : decision;
}
