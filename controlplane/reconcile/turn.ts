import { placeOfKey } from '../stacks/key.ts';
import type { StackRecord } from '../store/stacks.ts';
import type { ReconcileContext } from './context.ts';
import type { Decision } from './decide.ts';
import { rolloutOf } from './release-run.ts';

/** In whose name runs for new accounts are asked for. */
export const onboardingName = 'onboarding';

/** Why a stack that was never made is not to be made by whatever woke it, or nothing. */
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
 * What is decided about a stack once the runs are looked at that nobody asked it for: what was never made waits for the
 * run that is to make it, and what waits for a roll-out that is over was missed by it. Asks the store only then.
 */
export async function inTurn(
  context: ReconcileContext,
  record: Pick<StackRecord, 'generation' | 'operationStartedAt'>,
  release: string | undefined,
  decision: Decision,
): Promise<Decision> {
  if (decision.do === 'hold' && release !== undefined)
    return (await rolloutOf(context.store, release)) === 'over' ? { do: 'up' } : decision;
  // The hub is of no release. What was cut short is finished, as what is under way is.
  const made = record.generation !== null || record.operationStartedAt !== null;
  if (decision.do !== 'up' || release === undefined || made || context.requests.length > 0) return decision;
  const message = await notItsTurn(context);
  return message ? { do: 'wait', message } : decision;
}
