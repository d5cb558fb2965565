import type { Operation } from '../pulumi/operation.ts';
import type { Uses } from '../services/services.ts';
import type { OperationRecord } from '../stacks/operation-record.ts';

export const isUnchanged = ({ changes, drift }: OperationRecord): boolean =>
  changes.length + drift.length === 0;

/** @throws PortcullisError `stack-failed`, or the lease signal's abort reason, which counts no failure */
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
