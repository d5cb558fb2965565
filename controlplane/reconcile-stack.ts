import { markDrifted, markFailed, markReady, markReconciling } from './conditions.ts';
import type { DesiredStack } from './desired.ts';
import type { Engine } from './engine.ts';
import type { OperationRecord, ResourceChange } from './engine-events.ts';
import { reasonOf } from './errors.ts';
import type { StackKey } from './stack-key.ts';
import type { Run } from './store/runs.ts';
import type { StackRecord } from './store/stacks.ts';
import type { Store } from './store/store.ts';

/** `undeclared`: what the stack should be could not be told, so it stays as it was. */
export type StackOutcome = 'succeeded' | 'unchanged' | 'failed' | 'undeclared';

interface StackReconciler {
  readonly engine: Engine;
  readonly store: Store;
  readonly turn: <T>(key: string, work: () => Promise<T>) => Promise<T>;
}

/** Nothing ends an operation that has begun. */
const stopping = new AbortController().signal;

const now = () => new Date().toISOString();

/** A person's words for one change: `deleted aws:cloudwatch/eventRule:EventRule portcullis-forward-eu-west-1`. */
export const describeChange = ({ operation, type, name, properties }: ResourceChange): string =>
  `${operation} ${type} ${name}${properties.length > 0 ? ` (${properties.join(', ')})` : ''}`;

const summarise = ({ changes, drift }: OperationRecord): string => {
  if (changes.length + drift.length === 0) return 'no change';
  return [`${changes.length} changed`, ...(drift.length > 0 ? [`${drift.length} had drifted`] : [])].join(
    ', ',
  );
};

const isCurrent = (record: StackRecord, desired: DesiredStack): boolean =>
  record.conditions.Ready?.status === 'True' &&
  record.conditions.Drifted?.status !== 'True' &&
  record.generation === desired.generation &&
  record.operationStartedAt === null;

/** Reconciles one stack for a run; never throws: what went wrong is the outcome, in the stack's conditions too. */
export function stackReconciler({ engine, store, turn }: StackReconciler) {
  const fail = async (run: Run, record: StackRecord, error: unknown): Promise<StackOutcome> => {
    const message = reasonOf(error);
    if (run.kind === 'reconcile') {
      await store.stacks.end(record.key, markFailed(record.conditions, 'Failed', message, now()));
    }
    await store.runs.stack(run.id, record.key, 'failed', undefined, message);
    return 'failed';
  };

  const undeclared = async (run: Run, key: StackKey, error: unknown): Promise<StackOutcome> => {
    const message = reasonOf(error);
    const record = await store.stacks.get(key);
    if (record && run.kind === 'reconcile') {
      const conditions = markFailed(record.conditions, 'PrerequisiteFailed', message, now());
      await store.stacks.setConditions(key, conditions);
    }
    await store.runs.stack(run.id, key, 'failed', undefined, message);
    return 'undeclared';
  };

  const up = async (run: Run, desired: DesiredStack, record: StackRecord): Promise<StackOutcome> => {
    const cutShort = record.operationStartedAt !== null;
    await store.stacks.begin(desired.key, markReconciling(record.conditions, now()));
    let done: OperationRecord;
    try {
      done = await engine.up(desired, {
        signal: stopping,
        recover: cutShort,
        known: record.generation !== null,
      });
    } catch (error) {
      return await fail(run, record, error);
    }
    const changed = done.changes.length + done.drift.length;
    const message = summarise(done);
    await store.stacks.end(desired.key, markReady(record.conditions, message, now()), desired);
    await store.runs.stack(run.id, desired.key, changed > 0 ? 'succeeded' : 'unchanged', done, message);
    return changed > 0 ? 'succeeded' : 'unchanged';
  };

  const preview = async (run: Run, desired: DesiredStack, record: StackRecord): Promise<StackOutcome> => {
    let found: OperationRecord;
    try {
      found = await engine.preview(desired, {
        signal: stopping,
        recover: false,
        known: record.generation !== null,
      });
    } catch (error) {
      return await fail(run, record, error);
    }
    const drift = found.drift.map((change) => `drift: ${describeChange(change)}`);
    if (record.generation !== null) {
      await store.stacks.setConditions(desired.key, markDrifted(record.conditions, drift, now()));
    }
    const differs = found.changes.length + found.drift.length > 0;
    const message = differs
      ? [...drift, ...found.changes.map((change) => `would ${describeChange(change)}`)].join('; ')
      : 'no change';
    await store.runs.stack(run.id, desired.key, differs ? 'succeeded' : 'unchanged', found, message);
    return differs ? 'succeeded' : 'unchanged';
  };

  return (run: Run, key: StackKey, desire: () => Promise<DesiredStack>): Promise<StackOutcome> =>
    turn(key, async () => {
      await store.runs.stack(run.id, key, 'running');
      let desired: DesiredStack;
      try {
        // Not before its turn: two runs would else deploy in another order than they looked.
        desired = await desire();
      } catch (error) {
        return await undeclared(run, key, error);
      }
      const record = await store.stacks.declare(desired);
      if (run.kind === 'preview') return preview(run, desired, record);
      if (run.onlyChanged && isCurrent(record, desired)) {
        await store.runs.stack(run.id, key, 'unchanged', undefined, 'ready at this generation');
        return 'unchanged';
      }
      return up(run, desired, record);
    });
}
