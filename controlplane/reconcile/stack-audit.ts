import type { DesiredStack } from '../stacks/desired.ts';
import type { OperationRecord } from '../stacks/operation-record.ts';
import type { ReconcileContext } from './context.ts';

function aboutStack(
  { key, requests, programVersion }: ReconcileContext,
  { arguments: { place }, generation }: DesiredStack,
) {
  const runs = requests.filter(({ run }) => run.kind === 'reconcile').map(({ run }) => run);
  return {
    // No run requested it: the resync found it.
    who: runs[0]?.requestedBy ?? 'portcullis',
    details: {
      ...{ key, account: place.accountId, region: place.region, generation, programVersion },
      runs: runs.map(({ id }) => id),
    },
  };
}

/**
 * Writes an audit line for what an operation changed and what had drifted; for a failed one, `incomplete` with what
 * it had begun. Written before the end is recorded, because a retry after a crash finds no change to report. Changes
 * of a dead holder get a separate `interrupted` line, written by the worker that recovers.
 */
export async function auditChange(
  context: ReconcileContext,
  desired: DesiredStack,
  { changes, drift, interrupted = [] }: OperationRecord,
  how: { readonly incomplete?: true } = {},
): Promise<void> {
  const { who, details } = aboutStack(context, desired);
  const once = `stack changed ${context.key} ${context.lease.token}`;
  const append = (more: object, key: string) =>
    context.store.audit.append({ who, what: 'stack changed', details: { ...details, ...more } }, key);
  if (interrupted.length > 0)
    await append({ changes: interrupted, drift: [], interrupted: true }, `${once} interrupted`);
  if (changes.length + drift.length > 0) await append({ changes, drift, ...how }, once);
}

/** Writes an audit line for an account's first stack, or its first after it left. */
export async function auditAdoption(context: ReconcileContext, desired: DesiredStack): Promise<void> {
  const { who, details } = aboutStack(context, desired);
  const { account } = details;
  // The intent survives a crash, so the worker that finishes does not repeat the line.
  const intent = (await context.store.stacks.get(context.key))?.operationStartedAt?.toISOString();
  await context.store.audit.append(
    { who, what: 'account adopted', details: { account, because: 'its stack was created' } },
    `account adopted ${account} ${intent}`,
  );
}

/** Writes an audit line when a generation fails for the first time and when it is given up. */
export async function auditFailure(
  context: ReconcileContext,
  desired: DesiredStack,
  failure: { readonly message: string; readonly failures: number; readonly stalled: boolean },
): Promise<void> {
  if (failure.failures !== 1 && !failure.stalled) return;
  const { who, details } = aboutStack(context, desired);
  await context.store.audit.append({ who, what: 'stack failed', details: { ...details, ...failure } });
}
