import type { Operation } from '../pulumi/operation.ts';
import type { Uses } from '../services/services.ts';
import type { OperationRecord } from '../stacks/operation-record.ts';

/** Whether an operation found nothing to do and nothing that had drifted. */
export const isUnchanged = ({ changes, drift }: OperationRecord): boolean =>
  changes.length + drift.length === 0;

/**
 * Has the engine carry an operation out under the lease, and counts how it ended.
 * @throws PortcullisError `stack-failed`; the reason of the lease's signal once that is aborted, which counts nothing
 */
export async function operate(
  { engine, meter }: Uses<{ engine: 'operate'; meter: 'stack' }>,
  { signal }: { readonly signal: AbortSignal },
  operation: Operation,
): Promise<OperationRecord> {
  const { kind, stack } = operation;
  const begun = performance.now();
  const count = (result: 'succeeded' | 'unchanged' | 'failed') =>
    meter.stack(kind, stack.arguments.kind, result, (performance.now() - begun) / 1000);
  try {
    const record = await engine.operate(operation, signal);
    count(kind !== 'destroy' && isUnchanged(record) ? 'unchanged' : 'succeeded');
    return record;
  } catch (error) {
    signal.throwIfAborted();
    count('failed');
    throw error;
  }
}
