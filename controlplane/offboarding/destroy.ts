import type { StackArguments } from '../../programs/arguments.ts';
import { isTransient } from '../aws/errors.ts';
import { partWayOf } from '../pulumi/failure.ts';
import type { Lease } from '../queue/leases.ts';
import { lockPatience, type Result, stalledAfter } from '../queue/result.ts';
import { operate } from '../reconcile/operate.ts';
import { type OrganizationFact, organizationFact } from '../reconcile/organization.ts';
import { reasonOf } from '../settings/errors.ts';
import { markFailed, markReconciling, markStalled } from '../stacks/conditions.ts';
import { accountKey, organizationKey, type StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Offboarding } from '../store/offboarding.ts';
import type { StackRecord } from '../store/stacks.ts';
import { recordVerified } from '../verify/coverage.ts';
import { attemptAt, isGivenUp } from './attempt.ts';
import type { OffboardingContext } from './context.ts';

/** A stack to destroy or archive, under its lease. */
export interface OffboardingStack {
  readonly key: StackKey;
  readonly offboarding: Offboarding;
  readonly account: AccountRecord;
  readonly stack: StackRecord;
  readonly lease: Lease;
}

const hour = 3_600_000;

/** Destroy declares no resource: the state holds them. The arguments say how to reach the account today. */
async function argumentsAt(
  { store, aws, settings }: OffboardingContext,
  { stack: { kind, accountId, region } }: OffboardingStack,
): Promise<StackArguments> {
  const { partition } = await aws.caller();
  const accessRoleArn = await aws.accessRoleArn(accountId);
  const place = {
    ...{ partition, accountId, region: region ?? settings.hub.region },
    ...(accessRoleArn && {
      accessRoleArn,
      // The deployer role is used directly in its own account.
      ...(settings.deployerRoleArn &&
        settings.deployerRoleArn !== accessRoleArn && { deployerRoleArn: settings.deployerRoleArn }),
      ...(settings.externalId && { externalId: settings.externalId }),
    }),
  };
  const hub = { partition, ...settings.hub };
  if (kind === 'region') return { kind, place, hub, cell: { region: place.region, lifecycle: false } };
  const fact = await store.facts.get<OrganizationFact>(organizationFact);
  const off = { narrowing: false, securityHub: false, trails: {}, cells: [] };
  return { kind: 'account', place, hub, organizationId: fact?.value.id ?? '', ...off };
}

/** Records the end of the offboarding and, with the account stack, the end of the account. */
async function finish(
  context: OffboardingContext,
  leaving: OffboardingStack,
  what: Offboarding['what'],
): Promise<Result> {
  const { store, log, now, enqueue } = context;
  const { key, offboarding, account, stack, lease } = leaving;
  const done = what === 'archive' ? 'archived' : 'destroyed';
  const because = `${done}: ${offboarding.because}`;
  const reason = account.state === 'ACTIVE' ? 'OutOfScope' : 'Departed';
  const conditions = markFailed(account.conditions, reason, because, now().toISOString());
  const end = { what, at: now(), ...(stack.kind === 'account' && { account: { conditions, because } }) };
  await store.offboarding.finish(offboarding, end, lease);
  await recordVerified(store, [{ accountId: account.id }]);
  log.info({ key, because: offboarding.because }, done);
  if (stack.kind !== 'account')
    await enqueue([accountKey(account.id)]); // it waits for its Region stacks
  // If it is in scope again, the organization's next reconcile onboards it.
  else if (!(await store.offboarding.get(key))) await enqueue([organizationKey]);
  return { kind: 'ok' };
}

/** Deletes the stack's resources, then the stack. Idempotent, also after a crash. */
export async function destroyStack(context: OffboardingContext, leaving: OffboardingStack): Promise<Result> {
  const { store, now } = context;
  const { key, offboarding, stack, lease } = leaving;
  if (isGivenUp(stack, offboarding, 'destroy')) return givenUp(context, leaving);
  await store.stacks.begin(key, markReconciling(stack.conditions, now().toISOString()), lease);
  await store.deletions.record(offboarding, await store.now());
  const recover = stack.operationStartedAt !== null || lease.taken === 'from-dead';
  try {
    const at = { key, arguments: await argumentsAt(context, leaving) };
    await operate(context, lease, { kind: 'destroy', stack: at, recover, known: true });
  } catch (error) {
    lease.signal.throwIfAborted();
    return failed(context, leaving, 'destroy', error);
  }
  return finish(context, leaving, 'destroy');
}

async function failed(
  { store, log, now }: OffboardingContext,
  { key, offboarding, stack, lease }: OffboardingStack,
  what: Offboarding['what'],
  error: unknown,
): Promise<Result> {
  const message = `could not be ${what === 'archive' ? 'archived' : 'destroyed'}: ${reasonOf(error)}`;
  const locked = partWayOf(error)?.locked === true;
  const transient = !locked && isTransient(message);
  const at = now().toISOString();
  const conditions = markFailed(markReconciling(stack.conditions, at), 'Failed', message, at);
  const stalled = { after: stalledAfter, conditions: markStalled({}, message, at) };
  const failure = { generation: attemptAt(offboarding, what), counted: !transient, stalled };
  const { failures, transientFailures } = await store.stacks.failed(key, conditions, failure, lease);
  log.warn({ key, error: message, failures, transient }, 'stack not destroyed or archived');
  return transient || failures < stalledAfter
    ? {
        kind: 'error',
        failures: Math.max(1, failures, transientFailures) + (locked ? lockPatience : 0),
        message,
      }
    : { kind: 'terminal', reason: 'FailedRepeatedly', message, requeueAfterMs: hour };
}

/** Kept until a listing or a person changes it; the resync only reports it. */
async function givenUp(
  { store, now }: OffboardingContext,
  { key, stack }: OffboardingStack,
): Promise<Result> {
  const message = stack.conditions.Stalled?.message || stack.conditions.Ready?.message || 'failed too often';
  if (stack.conditions.Stalled?.status !== 'True')
    await store.stacks.setConditions(key, markStalled({}, message, now().toISOString()));
  return { kind: 'terminal', reason: 'FailedRepeatedly', message, requeueAfterMs: hour };
}

/**
 * Archives the stack's state and removes it from the engine, without a call to the account. The archive comes first:
 * after a crash the engine may not have the stack any more, and the archive is complete.
 */
export async function archiveStack(
  context: OffboardingContext,
  leaving: OffboardingStack,
  reason: string,
): Promise<Result> {
  const { store, engine, now } = context;
  const { key, offboarding, account, stack, lease } = leaving;
  if (isGivenUp(stack, offboarding, 'archive')) return givenUp(context, leaving);
  await store.stacks.begin(key, markReconciling(stack.conditions, now().toISOString()), lease);
  try {
    const state = await engine.exportState(key);
    const { since } = offboarding;
    const { accountId, kind, region, generation, conditions } = stack;
    await store.archivedStacks.archive(
      {
        ...{
          key,
          since,
          accountId,
          accountName: account.name,
          region,
          reason,
          generation,
          conditions,
          state,
        },
        kind: kind === 'region' ? 'region' : 'account',
      },
      now(),
    );
    lease.signal.throwIfAborted();
    await engine.forget(key);
  } catch (error) {
    lease.signal.throwIfAborted();
    return failed(context, leaving, 'archive', error);
  }
  return finish(context, leaving, 'archive');
}
