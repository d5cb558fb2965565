import type { StackArguments } from '../../programs/arguments.ts';
import { markFailed, markReconciling } from '../conditions.ts';
import type { Operation } from '../engine.ts';
import { reasonOf } from '../errors.ts';
import { type OrganizationFact, organizationFact } from '../reconcile/organization.ts';
import type { Lease } from '../scheduler/leases.ts';
import { stalledAfter, type Verdict } from '../scheduler/verdict.ts';
import { accountKey, type StackKey } from '../stack-key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Departure } from '../store/departures.ts';
import type { StackRecord } from '../store/stacks.ts';
import type { DepartureParts } from './parts.ts';

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

/** Puts down that the stack went and why, its account's conditions with the account's own stack. */
async function gone(parts: DepartureParts, leaving: Leaving, what: Departure['what']): Promise<Verdict> {
  const { store, log, now, wake } = parts;
  const { key, departure, account, stack, lease } = leaving;
  await store.departures.finish(departure, what, now(), lease);
  const deed = what === 'gone' ? 'entombed' : 'torn down';
  log.info({ key, because: departure.because }, deed);
  if (stack.kind === 'account') {
    const reason = account.state === 'ACTIVE' ? 'OutOfScope' : 'Departed';
    const message = `${deed}: ${departure.because}`;
    await store.accounts.setConditions(
      account.id,
      markFailed(account.conditions, reason, message, now().toISOString()),
    );
    await store.accounts.setRegions(account.id, []);
    await store.audit.append(
      { who: 'portcullis', what: 'account departed', details: { account: account.id, because: message } },
      `account departed ${account.id} ${departure.since.toISOString()}`,
    );
  } else {
    await wake([accountKey(account.id)]); // which waits for its Regions
  }
  return { kind: 'done' };
}

/** Deletes what the stack has in the account, then the stack. May be asked again at any point, after a crash too. */
export async function tearDown(parts: DepartureParts, leaving: Leaving): Promise<Verdict> {
  const { store, engine, meter, now } = parts;
  const { key, stack, lease } = leaving;
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
    meter.stack('destroy', stack.kind, 'failed', seconds());
    return failed(parts, leaving, error);
  }
  meter.stack('destroy', stack.kind, 'succeeded', seconds());
  return gone(parts, leaving, 'tear-down');
}

async function failed({ store, now }: DepartureParts, leaving: Leaving, error: unknown): Promise<Verdict> {
  const { key, stack, lease } = leaving;
  const message = `could not be torn down: ${reasonOf(error)}`;
  const conditions = markFailed(stack.conditions, 'Failed', message, now().toISOString());
  const failure = { generation: 'departure', counted: !lease.signal.aborted };
  const failures = await store.stacks.failed(key, conditions, failure, lease);
  return failures < stalledAfter
    ? { kind: 'failed', failures, message }
    : { kind: 'hopeless', reason: 'Failed', message, againMs: hour };
}

/**
 * Archives the stack's state and takes it out of the engine's, without a call to the account. The archive comes
 * first; asked again after a crash, the engine knows the stack no more and the archive stays.
 */
export async function entomb(parts: DepartureParts, leaving: Leaving, reason: string): Promise<Verdict> {
  const { store, engine, now } = parts;
  const { key, departure, account, stack, lease } = leaving;
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
    return failed(parts, leaving, error);
  }
  return gone(parts, leaving, 'gone');
}
