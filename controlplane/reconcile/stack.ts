import { isDeniedByScp, isTransient, isUnready } from '../aws/errors.ts';
import { partWayOf } from '../pulumi/failure.ts';
import { lockPatience, type Result, requeueAfter, stalledAfter } from '../queue/result.ts';
import { mismatchRetryMs } from '../queue/workers.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import { mark, markFailed, markReady, markReconciling, markStalled } from '../stacks/conditions.ts';
import type { DesiredStack } from '../stacks/desired.ts';
import { hubKey } from '../stacks/key.ts';
import type { OperationRecord } from '../stacks/operation-record.ts';
import type { StackRecord } from '../store/stacks.ts';
import { now, type ReconcileContext, usualAttempts } from './context.ts';
import { afterLook, decide, isWell } from './decide.ts';
import { endDenied, untilStackLook } from './denied.ts';
import { isYoung } from './observe.ts';
import { isUnchanged, operate } from './operate.ts';
import { report } from './report.ts';
import { auditAdoption, auditChange, auditFailure } from './stack-audit.ts';
import { preview, previewsOf } from './stack-preview.ts';
import { inTurn } from './turn.ts';

/** `undeclared`: desired state could not be computed, so the stack stays as it was. */
export type StackOutcome = 'succeeded' | 'unchanged' | 'held' | 'failed' | 'undeclared';

export interface Acted {
  readonly outcome: StackOutcome;
  readonly result: Result;
}

interface Terms {
  /** The stack's desired release; undefined for the hub, which has none. */
  readonly release: string | undefined;
  /** The resync delay after success, milliseconds. */
  readonly requeueAfterMs?: number | undefined;
  /** What AWS has in another form than declared, from a look without the engine at a stack that is ready. */
  readonly differs?: (desired: DesiredStack) => Promise<string | undefined>;
}

const summarise = (record: OperationRecord): string => {
  const { changes, drift } = record;
  if (isUnchanged(record)) return 'no change';
  return [`${changes.length} changed`, ...(drift.length > 0 ? [`${drift.length} had drifted`] : [])].join(
    ', ',
  );
};

const reconcilesOf = ({ requests }: ReconcileContext) =>
  requests.filter(({ run }) => run.kind === 'reconcile');

const done = (againMs: number | undefined): Result => ({
  kind: 'ok',
  ...(againMs !== undefined && { requeueAfterMs: againMs }),
});

/**
 * Reconciles one stack: computes desired state, runs at most one operation, and records the result for the stack and
 * its runs. @throws only when the lease was lost or the store fails; the next holder then finds the recorded intent
 */
export async function actOnStack(
  context: ReconcileContext,
  desire: () => Promise<DesiredStack>,
  terms: Terms,
): Promise<Acted> {
  const { store, key, lease, requests } = context;
  for (const { run } of requests) await store.runStacks.begin(run.id, key, lease);
  let desired: DesiredStack;
  try {
    desired = await desire();
  } catch (error) {
    lease.signal.throwIfAborted();
    return undeclared(context, error);
  }
  const record = await store.stacks.declare(desired);
  // A preview changes nothing. The key's other requests stay due.
  if (previewsOf(context).length > 0) {
    return { outcome: await preview(context, desired, record), result: done(undefined) };
  }
  const reconciles = reconcilesOf(context);
  const repair = reconciles.some(({ run }) => !run.onlyChanged);
  const changed = reconciles.length > 0 ? 'changed' : undefined;
  const asked = repair ? 'repair' : changed;
  const isLookDue = untilStackLook(record) === 0;
  const first = decide({ desired, record, release: terms.release, asked, isLookDue });
  const turn = await inTurn(context, record, terms.release, first);
  const decision = await afterLook(context, turn, () => terms.differs?.(desired));
  switch (decision.do) {
    case 'up': {
      const mismatch =
        reconciles.length === 0 && isWell(record) ? await context.configurationMismatch?.() : undefined;
      return mismatch ? held(mismatch) : up(context, desired, record, terms);
    }
    case 'denied': {
      await report(context, reconciles, 'skipped', decision.message);
      const ms = Math.max(1, untilStackLook(record));
      return { outcome: 'failed', result: requeueAfter(ms, decision.reason, decision.message) };
    }
    case 'wait':
      return waiting(context, record, decision.message);
    case 'stalled':
      if (record.conditions.Stalled?.status !== 'True')
        await store.stacks.setConditions(key, markStalled({}, decision.message, now()));
      return {
        outcome: 'failed',
        result: { kind: 'terminal', reason: 'FailedRepeatedly', message: decision.message, ...again(terms) },
      };
    default:
      await report(context, reconciles, 'unchanged', decision.message);
      return { outcome: decision.do === 'hold' ? 'held' : 'unchanged', result: done(terms.requeueAfterMs) };
  }
}

/** While workers differ, a ready stack changes only on request: each worker would delete what another declares. */
const held = (message: string): Acted => ({
  outcome: 'held',
  result: requeueAfter(mismatchRetryMs, 'Waiting', message),
});

/** Delay for a stack that waits for a run; the run enqueues it earlier. */
const turnMs = 5 * 60_000;

async function waiting(
  { store, key }: ReconcileContext,
  record: StackRecord,
  message: string,
): Promise<Acted> {
  const Ready = { status: 'False', reason: 'Waiting', message } as const;
  // The failure's message is more specific.
  const failed = record.conditions.Ready?.reason === 'Failed';
  if (!failed) await store.stacks.setConditions(key, mark(record.conditions, { Ready }, now()));
  return { outcome: 'held', result: requeueAfter(turnMs, 'Waiting', message) };
}

const again = ({ requeueAfterMs }: Terms) => (requeueAfterMs === undefined ? {} : { requeueAfterMs });

async function undeclared(context: ReconcileContext, error: unknown): Promise<Acted> {
  const { store, key } = context;
  const message = reasonOf(error);
  const record = await store.stacks.get(key);
  context.log.error({ error: message }, 'the desired state of the stack is unknown');
  // A wrong policy stays wrong until a person fixes it. AWS may answer the next time.
  const mistaken = error instanceof PortcullisError && error.code === 'invalid-policy';
  const onlyPreviews = context.requests.length > 0 && reconcilesOf(context).length === 0;
  if (record && !onlyPreviews && (mistaken || reconcilesOf(context).length > 0)) {
    await store.stacks.setConditions(
      key,
      markFailed(record.conditions, 'PrerequisiteFailed', message, now()),
    );
  }
  await report(context, context.requests, 'failed', message);
  return { outcome: 'undeclared', result: requeueAfter(60_000, 'PrerequisiteFailed', message) };
}

async function up(
  context: ReconcileContext,
  desired: DesiredStack,
  record: StackRecord,
  terms: Terms,
): Promise<Acted> {
  const { store, key, lease } = context;
  await store.stacks.begin(key, markReconciling(record.conditions, now()), lease);
  let made: OperationRecord;
  const interruptedAt = record.operationStartedAt ?? undefined;
  const recover = interruptedAt !== undefined || lease.taken === 'from-dead';
  try {
    const known = record.generation !== null;
    const upgrade =
      (known || record.failedGeneration !== null) && record.programVersion !== context.programVersion;
    const operation = { kind: 'up', stack: desired, recover, interruptedAt, upgrade, known } as const;
    made = await operate(context, lease, operation);
  } catch (error) {
    lease.signal.throwIfAborted();
    return failed(context, desired, record, terms, { error, recover });
  }
  const outcome = isUnchanged(made) ? 'unchanged' : 'succeeded';
  const message = summarise(made);
  const { generation, exceptions } = desired;
  await auditChange(context, desired, made);
  if (desired.arguments.kind === 'account' && record.generation === null)
    await auditAdoption(context, desired);
  await store.stacks.succeeded(
    key,
    markReady(record.conditions, message, now()),
    {
      generation,
      ...(exceptions && { exceptions }),
      release: terms.release ?? '',
      programVersion: context.programVersion,
    },
    lease,
  );
  await report(context, reconcilesOf(context), outcome, message, made);
  return { outcome, result: done(terms.requeueAfterMs) };
}

async function failed(
  context: ReconcileContext,
  desired: DesiredStack,
  record: StackRecord,
  terms: Terms,
  { error, recover }: { readonly error: unknown; readonly recover: boolean },
): Promise<Acted> {
  const { store, key, lease, attempts: limits = usualAttempts } = context;
  const message = reasonOf(error);
  const partWay = partWayOf(error);
  // Without a hub nothing works, so a denied hub fails as any other.
  if (isDeniedByScp(message) && key !== hubKey)
    return endDenied(context, desired, record, { error: message, partWay, recover });
  const account = await store.accounts.get(desired.arguments.place.accountId);
  const locked = partWay?.locked === true;
  const transient = !locked && (isTransient(message) || isUnready(message, isYoung(account?.joinedAt)));
  const conditions = markFailed(markReconciling(record.conditions, now()), 'Failed', message, now());
  if (partWay) await auditChange(context, desired, partWay.record, { incomplete: true });
  const failure = {
    ...{ generation: desired.generation, counted: !transient, unrecovered: recover && !partWay?.entered },
    stalled: { after: stalledAfter, conditions: markStalled({}, message, now()) },
  };

  const { failures, transientFailures } = await store.stacks.failed(key, conditions, failure, lease);
  const stalled = !transient && failures >= stalledAfter;
  if (!transient) await auditFailure(context, desired, { message, failures, stalled });
  // A run waits at a lock until the stack is stalled.
  const limit = locked ? stalledAfter : transient ? limits.transient : limits.counted;
  for (const request of reconcilesOf(context)) {
    const spent = request.attempts + 1 >= limit || stalled;
    if (spent) await report(context, [request], 'failed', message);
    else await store.runStacks.again(request.run.id, key, message, lease);
  }
  context.log.warn({ key, error: message, failures, transient }, 'stack failed');
  const result: Result = stalled
    ? { kind: 'terminal', reason: 'FailedRepeatedly', message, ...again(terms) }
    : {
        kind: 'error',
        failures: Math.max(1, failures, transientFailures) + (locked ? lockPatience : 0),
        message,
      };
  return { outcome: 'failed', result };
}
