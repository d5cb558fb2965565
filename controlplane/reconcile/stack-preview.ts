import { reasonOf } from '../settings/errors.ts';
import { markDrifted } from '../stacks/conditions.ts';
import type { DesiredStack } from '../stacks/desired.ts';
import type { OperationRecord, ResourceChange } from '../stacks/operation-record.ts';
import type { StackRecord } from '../store/stacks.ts';
import { now, type ReconcileContext } from './context.ts';
import { isUnchanged, operate } from './operate.ts';
import { report } from './report.ts';

/** `deleted aws:cloudwatch/eventRule:EventRule portcullis-forward-eu-west-1` */
export const describeChange = ({ operation, type, name, properties }: ResourceChange): string =>
  `${operation} ${type} ${name}${properties.length > 0 ? ` (${properties.join(', ')})` : ''}`;

export const previewsOf = ({ requests }: ReconcileContext) =>
  requests.filter(({ run }) => run.kind === 'preview');

/** Reports planned changes and drift to the previews, and records the drift on the stack. */
export async function preview(
  context: ReconcileContext,
  desired: DesiredStack,
  record: StackRecord,
): Promise<'succeeded' | 'unchanged' | 'failed'> {
  const { store, key, lease } = context;
  const previews = previewsOf(context);
  let found: OperationRecord;
  try {
    const recover = lease.taken === 'from-dead';
    const known = record.generation !== null;
    found = await operate(context, lease, { kind: 'preview', stack: desired, recover, known });
  } catch (error) {
    lease.signal.throwIfAborted();
    await report(context, previews, 'failed', reasonOf(error));
    return 'failed';
  }
  const drift = found.drift.map((change) => `drift: ${describeChange(change)}`);
  if (record.generation !== null) {
    await store.stacks.setConditions(key, markDrifted(record.conditions, drift, now()));
  }
  const differs = !isUnchanged(found);
  const message = differs
    ? [...drift, ...found.changes.map((change) => `would ${describeChange(change)}`)].join('; ')
    : 'no change';
  const state = differs ? 'succeeded' : 'unchanged';
  await report(context, previews, state, message, found);
  return state;
}
