import type { OperationRecord } from '../stacks/operation-record.ts';
import type { KeyRequest } from '../store/run-stacks.ts';
import type { ReconcileContext } from './context.ts';

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
