import { reasonOf } from '../settings/errors.ts';
import { markDrifted } from '../stacks/conditions.ts';
import type { DesiredStack } from '../stacks/desired.ts';
import type { OperationRecord, ResourceChange } from '../stacks/operation-record.ts';
import type { StackRecord } from '../store/stacks.ts';
import { now, type ReconcileContext } from './context.ts';
import { report } from './report.ts';

/** A person's words for one change: `deleted aws:cloudwatch/eventRule:EventRule portcullis-forward-eu-west-1`. */
export const describeChange = ({ operation, type, name, properties }: ResourceChange): string =>
  `${operation} ${type} ${name}${properties.length > 0 ? ` (${properties.join(', ')})` : ''}`;

export const previewsOf = ({ requests }: ReconcileContext) =>
  requests.filter(({ run }) => run.kind === 'preview');

/** What an operation would change and what has drifted: told to the previews that asked, and of drift to the stack. */
export async function preview(
  context: ReconcileContext,
  desired: DesiredStack,
  record: StackRecord,
): Promise<'succeeded' | 'unchanged' | 'failed'> {
  const { store, engine, key, lease, meter } = context;
  const previews = previewsOf(context);
  const begun = performance.now();
  const kind = desired.arguments.kind;
  const seconds = () => (performance.now() - begun) / 1000;
  let found: OperationRecord;
  try {
    const recover = lease.taken === 'from-dead';
    found = await engine.preview(desired, {
      recover,
      known: record.generation !== null,
      signal: lease.signal,
    });
  } catch (error) {
    lease.signal.throwIfAborted();
    meter.stack('preview', kind, 'failed', seconds());
    await report(context, previews, 'failed', reasonOf(error));
    return 'failed';
  }
  const drift = found.drift.map((change) => `drift: ${describeChange(change)}`);
  if (record.generation !== null) {
    await store.stacks.setConditions(key, markDrifted(record.conditions, drift, now()));
  }
  const differs = found.changes.length + found.drift.length > 0;
  const message = differs
    ? [...drift, ...found.changes.map((change) => `would ${describeChange(change)}`)].join('; ')
    : 'no change';
  const state = differs ? 'succeeded' : 'unchanged';
  await report(context, previews, state, message, found);
  meter.stack('preview', kind, state, seconds());
  return state;
}
