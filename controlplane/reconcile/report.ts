import type { OperationRecord } from '../stacks/operation-record.ts';
import type { KeyRequest } from '../store/run-stacks.ts';
import type { ReconcileContext } from './context.ts';

/** Ends the runs' wait for the key. */
export async function endRuns(
  { store, key, lease, requests }: Pick<ReconcileContext, 'store' | 'key' | 'lease' | 'requests'>,
  state: 'failed' | 'skipped' | 'unreachable',
  message: string,
): Promise<void> {
  for (const { run } of requests) await store.runStacks.end(run.id, key, { state, message }, lease);
}

/** The same after an operation or its decision, with what follows the key in each run. */
export async function report(
  { store, key, lease, beforeEnd }: ReconcileContext,
  requests: readonly KeyRequest[],
  state: 'succeeded' | 'unchanged' | 'failed' | 'skipped' | 'unreachable',
  message: string,
  record?: OperationRecord,
): Promise<void> {
  for (const request of requests) {
    await beforeEnd?.(request, state === 'succeeded' || state === 'unchanged' ? state : 'failed');
    await store.runStacks.end(request.run.id, key, { state, record, message }, lease);
  }
}
