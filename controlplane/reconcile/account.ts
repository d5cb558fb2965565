import { priorities } from '../queue/key-queue.ts';
import { type Result, requeueAfter } from '../queue/result.ts';
import { type DesiredStack, desiredAccount, type Fleet } from '../stacks/desired.ts';
import { hubKey, previewOf, regionKey, type StackKey } from '../stacks/key.ts';
import { releaseOf } from '../stacks/release.ts';
import type { KeyRequest } from '../store/run-stacks.ts';
import { isMade } from '../store/stacks.ts';
import { noteAccountReady, noteWaiting } from './account-conditions.ts';
import { endRequests, observe } from './account-observation.ts';
import { isPreview, type ReconcileContext } from './context.ts';
import { isCurrent } from './decide.ts';
import { untilStackLook } from './denied.ts';
import { actOnStack } from './stack.ts';

const prerequisite = 5_000;
/** Delay of the next inspection after the account's own trail was declared or restarted. */
const untilCoveredMs = 2 * 60_000;

/** Without a hub, account stacks wait; they do not fail. */
export async function hubIsThere({ store }: Pick<ReconcileContext, 'store'>): Promise<boolean> {
  return isMade(await store.stacks.get(hubKey));
}

export const waitForHub = ({ prerequisiteMs = prerequisite }: ReconcileContext): Result =>
  requeueAfter(prerequisiteMs, 'PrerequisiteFailed', 'the hub stack does not exist yet');

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
      const isDue = !record || untilStackLook(record) === 0;
      if (isDue && (!record || !isCurrent(record, generation)))
        enqueue.set(key, Math.max(enqueue.get(key) ?? 0, least));
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
  if (settings.layout === 'region') {
    const kept: string[] = [...wanted, ...found.pending.map((region) => regionKey(record.id, region))];
    const orphaned = (await store.stacks.ofAccount(record.id))
      .filter(({ kind, key }) => kind === 'region' && !kept.includes(key))
      .map(({ key }) => key);
    if (orphaned.length > 0) await queue.enqueue(orphaned);
  }
  return result;
}
