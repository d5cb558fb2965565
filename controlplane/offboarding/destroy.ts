import type { StackArguments } from '../../programs/arguments.ts';
import { isTransient } from '../aws/errors.ts';
import type { Operation } from '../pulumi/operation.ts';
import type { Lease } from '../queue/leases.ts';
import { stalledAfter, type Verdict } from '../queue/result.ts';
import { type OrganizationFact, organizationFact } from '../reconcile/organization.ts';
import { noteFailure, noteSuccess } from '../reconcile/transient-failures.ts';
import { reasonOf } from '../settings/errors.ts';
import { markFailed, markReconciling, markStalled } from '../stacks/conditions.ts';
import { accountKey, type StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Departure } from '../store/offboarding.ts';
import type { StackRecord } from '../store/stacks.ts';
import { attemptAt, isGivenUp } from './attempt.ts';
import type { DepartureParts } from './context.ts';

/** One stack on its way out, under its lease. */
export interface Leaving {
  readonly key: StackKey;
  readonly departure: Departure;
  readonly account: AccountRecord;
  readonly stack: StackRecord;
  readonly lease: Lease;
}

const hour = 3_600_000;

/**
 * Arguments of a stack's place. Taking it down runs no program: what is there, and how to reach it, is in the state.
 */
async function argumentsAt(
  { store, aws, settings }: DepartureParts,
  { stack: { kind, accountId, region } }: Leaving,
): Promise<StackArguments> {
  const { partition } = await aws.caller();
  const accessRoleArn = await aws.accessRoleArn(accountId);
  const place = {
    ...{ partition, accountId, region: region ?? settings.hub.region },
    ...(accessRoleArn && { accessRoleArn }),
  };
  const hub = { partition, ...settings.hub };
  if (kind === 'region') return { kind, place, hub, cell: { region: place.region, lifecycle: false } };
  const fact = await store.facts.get<OrganizationFact>(organizationFact);
  const off = { narrowing: false, securityHub: false, trails: {}, cells: [] };
  return { kind: 'account', place, hub, organizationId: fact?.value.id ?? '', ...off };
}

/** Puts down that the stack went and why, and with the account's own stack what that means for the account. */
async function gone(parts: DepartureParts, leaving: Leaving, what: Departure['what']): Promise<Verdict> {
  const { store, log, now, wake } = parts;
  const { key, departure, account, stack, lease } = leaving;
  const deed = what === 'gone' ? 'entombed' : 'torn down';
  const because = `${deed}: ${departure.because}`;
  const reason = account.state === 'ACTIVE' ? 'OutOfScope' : 'Departed';
  const conditions = markFailed(account.conditions, reason, because, now().toISOString());
  const end = { what, at: now(), ...(stack.kind === 'account' && { account: { conditions, because } }) };
  await store.departures.finish(departure, end, lease);
  noteSuccess(key);
  log.info({ key, because: departure.because }, deed);
  if (stack.kind !== 'account') await wake([accountKey(account.id)]); // which waits for its Regions
  return { kind: 'done' };
}

/** Deletes what the stack has in the account, then the stack. May be asked again at any point, after a crash too. */
export async function tearDown(parts: DepartureParts, leaving: Leaving): Promise<Verdict> {
  const { store, engine, meter, now } = parts;
  const { key, departure, stack, lease } = leaving;
  if (isGivenUp(stack, departure, 'tear-down')) return givenUp(parts, leaving);
  await store.stacks.begin(key, markReconciling(stack.conditions, now().toISOString()), lease);
  const operation: Operation = {
    signal: lease.signal,
    recover: stack.operationStartedAt !== null || lease.taken === 'from-dead',
    known: true,
  };
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  try {
    await engine.destroy({ key, arguments: await argumentsAt(parts, leaving) }, operation);
  } catch (error) {
    lease.signal.throwIfAborted();
    meter.stack('destroy', stack.kind, 'failed', seconds());
    return failed(parts, leaving, 'tear-down', error);
  }
  meter.stack('destroy', stack.kind, 'succeeded', seconds());
  return gone(parts, leaving, 'tear-down');
}

async function failed(
  { store, log, now }: DepartureParts,
  { key, departure, stack, lease }: Leaving,
  what: Departure['what'],
  error: unknown,
): Promise<Verdict> {
  const message = `could not be ${what === 'gone' ? 'archived' : 'torn down'}: ${reasonOf(error)}`;
  const transient = isTransient(message);
  const disturbances = noteFailure(key, transient);
  const at = now().toISOString();
  const conditions = markFailed(markReconciling(stack.conditions, at), 'Failed', message, at);
  const stalled = { after: stalledAfter, conditions: markStalled({}, message, at) };
  const failure = { generation: attemptAt(departure, what), counted: !transient, stalled };
  const failures = await store.stacks.failed(key, conditions, failure, lease);
  log.warn({ key, error: message, failures, transient }, 'stack not taken away');
  return transient || failures < stalledAfter
    ? { kind: 'failed', failures: Math.max(1, failures, disturbances), message }
    : { kind: 'hopeless', reason: 'FailedRepeatedly', message, againMs: hour };
}

/** Left until a listing or a person changes something about it; looked at by the clock, without an operation. */
async function givenUp({ store, now }: DepartureParts, { key, stack }: Leaving): Promise<Verdict> {
  const message = stack.conditions.Stalled?.message || stack.conditions.Ready?.message || 'failed too often';
  if (stack.conditions.Stalled?.status !== 'True')
    await store.stacks.setConditions(key, markStalled({}, message, now().toISOString()));
  return { kind: 'hopeless', reason: 'FailedRepeatedly', message, againMs: hour };
}

/**
 * Archives the stack's state and takes it out of the engine's, without a call to the account. The archive comes
 * first; asked again after a crash, the engine knows the stack no more and the archive stays.
 */
export async function entomb(parts: DepartureParts, leaving: Leaving, reason: string): Promise<Verdict> {
  const { store, engine, now } = parts;
  const { key, departure, account, stack, lease } = leaving;
  if (isGivenUp(stack, departure, 'gone')) return givenUp(parts, leaving);
  await store.stacks.begin(key, markReconciling(stack.conditions, now().toISOString()), lease);
  try {
    const state = await engine.exportState(key);
    const { since } = departure;
    const { accountId, kind, region, generation, conditions } = stack;
    await store.tombstones.keep(
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
    return failed(parts, leaving, 'gone', error);
  }
  return gone(parts, leaving, 'gone');
}
