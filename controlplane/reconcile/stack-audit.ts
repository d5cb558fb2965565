import type { DesiredStack } from '../stacks/desired.ts';
import type { OperationRecord } from '../stacks/operation-record.ts';
import type { ReconcileContext } from './context.ts';

/** What every line about a stack says: which, where, wanted by whom, and what it was to become. */
function aboutStack(
  { key, requests, programVersion }: ReconcileContext,
  { arguments: { place }, generation }: DesiredStack,
) {
  const runs = requests.filter(({ run }) => run.kind === 'reconcile').map(({ run }) => run);
  return {
    // Nobody asked where a look by itself found it.
    who: runs[0]?.requestedBy ?? 'portcullis',
    details: {
      ...{ key, account: place.accountId, region: place.region, generation, programVersion },
      runs: runs.map(({ id }) => id),
    },
  };
}

/**
 * Says what an operation changed, and what had drifted; of one that failed, `incomplete`, what it had begun by then.
 * Before the end is recorded: after a crash in between the next look finds nothing to change, and could not tell. What a
 * holder had made whose death cut it short is a line of its own, `interrupted`, written by whoever recovers.
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

/** Says that an account came under Portcullis: its stack is made for the first time, or again after it departed. */
export async function auditAdoption(context: ReconcileContext, desired: DesiredStack): Promise<void> {
  const { who, details } = aboutStack(context, desired);
  const { account } = details;
  // The intent outlives a crash, so that whoever finishes it does not say it again.
  const intent = (await context.store.stacks.get(context.key))?.operationStartedAt?.toISOString();
  await context.store.audit.append(
    { who, what: 'account adopted', details: { account, because: 'its stack was made' } },
    `account adopted ${account} ${intent}`,
  );
}

/** Says that a stack could not be made: the first time that a generation fails, and when it is given up. */
export async function auditFailure(
  context: ReconcileContext,
  desired: DesiredStack,
  failure: { readonly message: string; readonly failures: number; readonly stalled: boolean },
): Promise<void> {
  if (failure.failures !== 1 && !failure.stalled) return;
  const { who, details } = aboutStack(context, desired);
  await context.store.audit.append({ who, what: 'stack failed', details: { ...details, ...failure } });
}
