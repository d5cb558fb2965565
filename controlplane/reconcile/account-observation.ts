import { type Result, requeueAfter } from '../queue/result.ts';
import type { OrganizationAccount } from '../stacks/account.ts';
import { failure, mark, type Reason } from '../stacks/conditions.ts';
import { ownTrailRegion, unanswered } from '../stacks/coverage.ts';
import type { FleetAccount } from '../stacks/desired.ts';
import { accountKey } from '../stacks/key.ts';
import type { RegionCoverage } from '../stacks/trail-check.ts';
import type { AccountRecord } from '../store/accounts.ts';
import { isMade } from '../store/stacks.ts';
import { trailsCondition } from '../trails/condition.ts';
import { noteDeadLetters, noteUnseen } from './account-conditions.ts';
import { isPreview, now, type ReconcileContext, usualAttempts } from './context.ts';
import { isDeclarable, isRepair, markDenied } from './denied.ts';
import { type AccountObservation, observeAccount, transientFailure } from './observe.ts';
import { endRuns } from './report.ts';

const asListed = (record: AccountRecord): OrganizationAccount => ({
  ...record,
  state: record.state === 'DEPARTED' ? 'UNKNOWN' : record.state,
  joinedAt: record.joinedAt?.toISOString(),
});

/** Ends the runs' wait for the key without an operation. A preview does not change the account's Ready condition. */
export async function endRequests(
  context: ReconcileContext,
  state: 'skipped' | 'unreachable',
  reason: Reason,
  message: string,
): Promise<void> {
  const { store, key } = context;
  await endRuns(context, state, message);
  if (isPreview(context)) return;
  const id = key.slice('account-'.length);
  const before = (await store.accounts.get(id))?.conditions ?? {};
  await store.accounts.setConditions(id, mark(before, failure(reason, message), now()));
}

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
  return requeueAfter(ms, 'CheckFailed', message);
}

/** A preview reads no queue, and keeps what was read. */
const keepCounts = ({ regions }: AccountRecord, found: readonly RegionCoverage[]): RegionCoverage[] =>
  found.map((each) => ({
    ...each,
    deadLetters: regions.find(({ region }) => region === each.region)?.deadLetters,
  }));

type Observed = {
  readonly account: FleetAccount;
  readonly pending: readonly string[];
  readonly requeueAfterMs?: number;
};

/** Records the Regions and trails that an inspection found. */
async function recordFound(
  context: ReconcileContext,
  record: AccountRecord,
  found: Extract<AccountObservation, { kind: 'found' }>,
): Promise<Observed> {
  const { store, aws, settings } = context;
  await store.accounts.recordRead(record.id, found.pendingRegions.length === 0);
  const isWhole = settings.layout === 'account';
  const isStackMade = isWhole && isMade(await store.stacks.get(accountKey(record.id)));
  const marked = isWhole
    ? await markDenied(aws, record, found.account.regions, {
        isMade: isStackMade,
        askAgain: isRepair(context),
      })
    : found.account.regions;
  const counted = isPreview(context)
    ? keepCounts(record, marked)
    : await noteDeadLetters(context, record, marked);
  const regions = [...counted, ...stillDeclared(context, record, found.pendingRegions)];
  await store.accounts.setRegions(record.id, regions);
  if (isWhole && !isPreview(context)) {
    await context.offboarding?.left(
      record.id,
      regions.map(({ region }) => region),
    );
  }
  const TrailsCovered = trailsCondition(found.account.regions.map(({ trail }) => trail));
  await store.accounts.setConditions(record.id, mark(record.conditions, { TrailsCovered }, now()));
  const pending = unanswered(found.pendingRegions, 'the Region does not answer yet');
  const observed = { id: record.id, regions: [...found.account.regions, ...pending] };
  await context.onCoverage?.(record, record.regions, observed.regions);
  const ownTrail = ownTrailRegion(settings.trails, observed, await store.coverage.known(record.id));
  return {
    account: { ...found.account, ownTrail, regions: regions.filter(isDeclarable) },
    pending: found.pendingRegions,
    ...(found.requeueAfterMs && { requeueAfterMs: found.requeueAfterMs }),
  };
}

/** Inspects the account and records the observation. Returns a result when the inspection failed. */
export async function observe(
  context: ReconcileContext,
  record: AccountRecord,
): Promise<Observed | { readonly result: Result }> {
  const { store, aws, settings, lease } = context;
  const attempts = await store.accounts.failedReads(record.id);
  let found: AccountObservation;
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
  if (found.kind === 'found') return recordFound(context, record, found);
  const { requeueAfterMs, message } = found;
  await store.accounts.recordRead(record.id, false);
  if (found.kind === 'transient-failure') return { result: await requeue(context, requeueAfterMs, message) };
  if (found.kind === 'not-yet') {
    const Ready = { status: 'False', reason: 'NotReadyYet', message } as const;
    if (!isPreview(context))
      await store.accounts.setConditions(record.id, mark(record.conditions, { Ready }, now()));
    return { result: requeueAfter(requeueAfterMs, 'NotReadyYet', message) };
  }
  await endRequests(context, 'unreachable', 'NotReachable', message);
  if (!isPreview(context)) await noteUnseen(store, record, message);
  return { result: requeueAfter(requeueAfterMs, 'NotReachable', message) };
}
