import { priorities } from '../queue/key-queue.ts';
import type { Result } from '../queue/result.ts';
import type { OrganizationAccount } from '../stacks/account.ts';
import { mark, markFailed, type Reason } from '../stacks/conditions.ts';
import { ownTrailRegion, unanswered } from '../stacks/coverage.ts';
import { type DesiredStack, desiredAccount, type Fleet, type FleetAccount } from '../stacks/desired.ts';
import { hubKey, previewOf, type StackKey } from '../stacks/key.ts';
import { releaseOf } from '../stacks/release.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { KeyRequest } from '../store/run-stacks.ts';
import { trailsCondition } from '../trails/condition.ts';
import { noteAccountReady, noteUnseen, noteWaiting } from './account-conditions.ts';
import { now, type ReconcileContext, usualAttempts } from './context.ts';
import { isCurrent } from './decide.ts';
import { observeAccount, transientFailure } from './observe.ts';
import { actOnStack } from './stack.ts';

const prerequisite = 5_000;
/** Delay of the next inspection after the account's own trail was declared or restarted. */
const untilCoveredMs = 2 * 60_000;

const asListed = (record: AccountRecord): OrganizationAccount => ({
  ...record,
  state: record.state === 'DEPARTED' ? 'UNKNOWN' : record.state,
  joinedAt: record.joinedAt?.toISOString(),
});

const isPreview = ({ requests }: ReconcileContext) =>
  requests.length > 0 && requests.every(({ run }) => run.kind === 'preview');

/** Ends the runs' wait for the key without an operation. A preview does not change the account's Ready condition. */
async function endRequests(
  context: ReconcileContext,
  state: 'skipped' | 'unreachable',
  reason: Reason,
  message: string,
): Promise<void> {
  const { store, key, lease, requests } = context;
  for (const { run } of requests) await store.runStacks.end(run.id, key, { state, message }, lease);
  if (isPreview(context)) return;
  const id = key.slice('account-'.length);
  const before = (await store.accounts.get(id))?.conditions ?? {};
  const { Ready, Reconciling, Drifted } = markFailed(before, reason, message, now());
  await store.accounts.setConditions(id, {
    ...(Ready && { Ready }),
    ...(Reconciling && { Reconciling }),
    ...(Drifted && { Drifted }),
  });
}

/** Without a hub, account stacks wait; they do not fail. */
export async function hubIsThere({ store }: Pick<ReconcileContext, 'store'>): Promise<boolean> {
  return ((await store.stacks.get(hubKey))?.generation ?? null) !== null;
}

export const waitForHub = ({ prerequisiteMs = prerequisite }: ReconcileContext): Result => ({
  kind: 'requeueAfter',
  requeueAfterMs: prerequisiteMs,
  reason: 'PrerequisiteFailed',
  message: 'the hub stack does not exist yet',
});

/** In `layout: account` the account stack keeps the rules of Regions that do not answer for now. */
const stillDeclared = (
  { settings }: ReconcileContext,
  { regions }: AccountRecord,
  pending: readonly string[],
) => (settings.layout === 'account' ? regions.filter(({ region }) => pending.includes(region)) : []);

/** Repeats an inspection after a transient failure, as often as a run tries a stack. Ready does not change. */
async function requeue(context: ReconcileContext, ms: number, message: string): Promise<Result> {
  const { store, key, lease, requests, log, attempts: limits = usualAttempts } = context;
  for (const { run, attempts } of requests) {
    const spent = attempts + 1 >= limits.transient;
    if (spent) await store.runStacks.end(run.id, key, { state: 'failed', message }, lease);
    else await store.runStacks.again(run.id, key, message, lease);
  }
  log.warn({ error: message }, 'account not inspected');
  return { kind: 'requeueAfter', requeueAfterMs: ms, reason: 'CheckFailed', message };
}

/** Inspects the account and records the observation. Returns a result when the inspection failed. */
async function observe(
  context: ReconcileContext,
  record: AccountRecord,
): Promise<
  { account: FleetAccount; pending: readonly string[]; requeueAfterMs?: number } | { result: Result }
> {
  const { store, aws, settings, lease } = context;
  const attempts = await store.accounts.failedReads(record.id);
  let found: Awaited<ReturnType<typeof observeAccount>>;
  try {
    const covers = await context.offboarding?.coveredRegions(record);
    found = await observeAccount(aws, settings, asListed(record), attempts, {
      covers,
      trailOwner: context.trailOwner,
    });
  } catch (error) {
    lease.signal.throwIfAborted();
    found = transientFailure(error, attempts);
  }
  if (found.kind === 'found') {
    await store.accounts.recordRead(record.id, found.pendingRegions.length === 0);
    const regions = [...found.account.regions, ...stillDeclared(context, record, found.pendingRegions)];
    await store.accounts.setRegions(record.id, regions);
    if (settings.layout === 'account' && !isPreview(context)) {
      await context.offboarding?.left(
        record.id,
        regions.map(({ region }) => region),
      );
    }
    const TrailsCovered = trailsCondition(found.account.regions.map(({ trail }) => trail));
    const { TrailsCovered: next } = mark(record.conditions, { TrailsCovered }, now());
    if (next) await store.accounts.setConditions(record.id, { TrailsCovered: next });
    const pending = unanswered(found.pendingRegions, 'the Region does not answer yet');
    const observed = { id: record.id, regions: [...found.account.regions, ...pending] };
    await context.onCoverage?.(record, record.regions, observed.regions);
    const ownTrail = ownTrailRegion(settings.trails, observed, await store.coverage.known(record.id));
    return {
      account: { ...found.account, ownTrail, regions },
      pending: found.pendingRegions,
      ...(found.requeueAfterMs && { requeueAfterMs: found.requeueAfterMs }),
    };
  }
  await store.accounts.recordRead(record.id, false);
  if (found.kind === 'transient-failure')
    return { result: await requeue(context, found.requeueAfterMs, found.message) };
  if (found.kind === 'not-yet') {
    const { Ready } = mark(
      record.conditions,
      { Ready: { status: 'False', reason: 'NotReadyYet', message: found.message } },
      now(),
    );
    if (Ready && !isPreview(context)) await store.accounts.setConditions(record.id, { Ready });
    return {
      result: {
        kind: 'requeueAfter',
        requeueAfterMs: found.requeueAfterMs,
        reason: 'NotReadyYet',
        message: found.message,
      },
    };
  }
  await endRequests(context, 'unreachable', 'NotReachable', found.message);
  if (!isPreview(context)) await noteUnseen(store, record, found.message);
  return {
    result: {
      kind: 'requeueAfter',
      requeueAfterMs: found.requeueAfterMs,
      reason: 'NotReachable',
      message: found.message,
    },
  };
}

const inScope = (regions: readonly DesiredStack[], { run }: KeyRequest): StackKey[] =>
  regions
    .filter(
      ({ arguments: args }) =>
        args.kind === 'region' && (run.scope.regions?.includes(args.cell.region) ?? true),
    )
    .map(({ key }) => key);

/** Adds an account's Regions to a run that waits for the account, as pending or as skipped with the reason. */
async function planRegions(
  { store }: ReconcileContext,
  regions: readonly DesiredStack[],
  request: KeyRequest,
  failed: string | undefined,
): Promise<void> {
  const state = failed ? 'skipped' : 'admitted';
  await store.runStacks.plan(request.run.id, inScope(regions, request), request.wave, state, failed);
}

async function enqueueRegions(context: ReconcileContext, regions: readonly DesiredStack[]): Promise<void> {
  const { store, queue, requests } = context;
  const enqueue = new Map<StackKey, number>();
  for (const request of requests) {
    for (const key of inScope(regions, request))
      enqueue.set(key, Math.max(enqueue.get(key) ?? 0, request.run.priority));
  }
  if (!isPreview(context)) {
    const records = new Map(
      (await store.stacks.ofAccount(fleetAccountOf(context))).map((each) => [each.key, each]),
    );
    for (const { key, generation } of regions) {
      const record = records.get(key);
      // An unprotected cell is more urgent than one from the resync.
      const least = record ? priorities.resync : priorities.request;
      if (!record || !isCurrent(record, generation)) enqueue.set(key, Math.max(enqueue.get(key) ?? 0, least));
    }
  }
  const byPriority = Map.groupBy(enqueue, ([, priority]) => priority);
  for (const [priority, keys] of byPriority)
    await queue.enqueue(
      keys.map(([key]) => (isPreview(context) ? previewOf(key) : key)),
      priority,
    );
}

const fleetAccountOf = ({ key }: ReconcileContext) => key.slice('account-'.length);

/**
 * Reconciles an account: inspects its Regions and trails, applies its stack, and enqueues its Regions. Regions that
 * it no longer has are enqueued too, to be destroyed or archived.
 */
export async function reconcileAccount(context: ReconcileContext, fleet: Fleet): Promise<Result> {
  const { store, settings, requests, queue } = context;
  const record = await store.accounts.get(fleetAccountOf(context));
  if (!record) {
    await endRequests(context, 'skipped', 'NotActive', 'the account is not in the organization');
    return { kind: 'ok' };
  }
  if (record.state !== 'ACTIVE') {
    await endRequests(context, 'skipped', 'NotActive', `skipped: the account is ${record.state}`);
    return { kind: 'ok' };
  }
  if (!isPreview(context) && !(await hubIsThere(context))) return waitForHub(context);
  for (const { run } of requests) await store.runStacks.begin(run.id, context.key, context.lease);
  const found = await observe(context, record);
  if ('result' in found) return found.result;
  const desired = desiredAccount(fleet, found.account);
  const awaitsTrail =
    found.account.ownTrail && found.account.regions.some(({ trail }) => trail.covered === false);
  const againMs = found.requeueAfterMs ?? (awaitsTrail ? untilCoveredMs : settings.resyncMinutes * 60_000);
  const terms = { release: releaseOf(fleet), requeueAfterMs: againMs };
  const beforeEnd: ReconcileContext['beforeEnd'] = (request, state) => {
    const unusable = state === 'failed' && request.run.kind !== 'preview';
    return planRegions(context, desired.regions, request, unusable ? `${context.key} failed` : undefined);
  };
  const { outcome, result } = await actOnStack({ ...context, beforeEnd }, async () => desired.account, terms);
  if (outcome !== 'failed' || isPreview(context)) await enqueueRegions(context, desired.regions);
  if (isPreview(context)) return result;
  const wanted = [desired.account, ...desired.regions].map(({ key }) => key);
  if (result.kind === 'requeueAfter' && result.reason === 'Waiting')
    await noteWaiting(context, record, result);
  else await noteAccountReady(store, record.id, wanted);
  const kept = found.pending.map((region) => `region-${record.id}-${region}` as StackKey);
  if (settings.layout === 'region') {
    const orphanedStacks = (await context.offboarding?.orphanedStacks(record.id, [...wanted, ...kept])) ?? [];
    if (orphanedStacks.length > 0) await queue.enqueue(orphanedStacks);
  }
  return result;
}
