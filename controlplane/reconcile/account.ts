import type { Verdict } from '../queue/result.ts';
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
import { now, type Pass, usualAttempts } from './context.ts';
import { isCurrent } from './decide.ts';
import { disturbed, surveyAccount } from './observe.ts';
import { actOnStack } from './stack.ts';

const prerequisite = 5_000;
/** Until the next look at an account whose own trail was just declared, or made to log again. */
const untilCoveredMs = 2 * 60_000;

/** Looks in a row that found an account not ready; forgotten at a restart. */
const looks = new Map<string, number>();

const asListed = (record: AccountRecord): OrganizationAccount => ({
  ...record,
  state: record.state === 'DEPARTED' ? 'UNKNOWN' : record.state,
  joinedAt: record.joinedAt?.toISOString(),
});

const isPreview = ({ requests }: Pass) =>
  requests.length > 0 && requests.every(({ run }) => run.kind === 'preview');

/** Ends every run's wait for the key without an operation. A preview leaves the account as ready as it was. */
async function endRequests(
  pass: Pass,
  state: 'skipped' | 'unreachable',
  reason: Reason,
  message: string,
): Promise<void> {
  const { store, key, lease, requests } = pass;
  for (const { run } of requests) await store.runStacks.end(run.id, key, { state, message }, lease);
  if (isPreview(pass)) return;
  const id = key.slice('account-'.length);
  const before = (await store.accounts.get(id))?.conditions ?? {};
  const { Ready, Reconciling, Drifted } = markFailed(before, reason, message, now());
  await store.accounts.setConditions(id, {
    ...(Ready && { Ready }),
    ...(Reconciling && { Reconciling }),
    ...(Drifted && { Drifted }),
  });
}

/** The hub that account stacks are wired to; its absence makes them wait, never fail. */
export async function hubIsThere({ store }: Pick<Pass, 'store'>): Promise<boolean> {
  return ((await store.stacks.get(hubKey))?.generation ?? null) !== null;
}

export const waitForHub = ({ prerequisiteMs = prerequisite }: Pass): Verdict => ({
  kind: 'wait',
  ms: prerequisiteMs,
  reason: 'PrerequisiteFailed',
  message: 'the hub stack is not there yet',
});

/** In `layout: account` the account's own stack has the rules of Regions that do not answer for now: they stay. */
const stillDeclared = ({ settings }: Pass, { regions }: AccountRecord, pending: readonly string[]) =>
  settings.layout === 'account' ? regions.filter(({ region }) => pending.includes(region)) : [];

/** Has a look repeated that was disturbed: as often as a run tries a stack then. The account is as ready as it was. */
async function lookAgain(pass: Pass, ms: number, message: string): Promise<Verdict> {
  const { store, key, lease, requests, log, attempts: limits = usualAttempts } = pass;
  for (const { run, attempts } of requests) {
    const spent = attempts + 1 >= limits.transient;
    if (spent) await store.runStacks.end(run.id, key, { state: 'failed', message }, lease);
    else await store.runStacks.again(run.id, key, message, lease);
  }
  log.warn({ error: message }, 'account not looked at');
  return { kind: 'wait', ms, reason: 'CheckFailed', message };
}

/** One look at the account, recorded; or the verdict of a look that failed. */
async function survey(
  pass: Pass,
  record: AccountRecord,
): Promise<{ account: FleetAccount; pending: readonly string[]; againMs?: number } | { verdict: Verdict }> {
  const { store, aws, settings, lease } = pass;
  const attempts = looks.get(record.id) ?? 0;
  let found: Awaited<ReturnType<typeof surveyAccount>>;
  try {
    found = await surveyAccount(aws, settings, asListed(record), attempts);
  } catch (error) {
    lease.signal.throwIfAborted();
    found = disturbed(error, attempts);
  }
  if (found.kind === 'found') {
    if (found.pendingRegions.length === 0) looks.delete(record.id);
    else looks.set(record.id, attempts + 1);
    const regions = [...found.account.regions, ...stillDeclared(pass, record, found.pendingRegions)];
    await store.accounts.setRegions(record.id, regions);
    const TrailsCovered = trailsCondition(found.account.regions.map(({ trail }) => trail));
    const { TrailsCovered: next } = mark(record.conditions, { TrailsCovered }, now());
    if (next) await store.accounts.setConditions(record.id, { TrailsCovered: next });
    const pending = unanswered(found.pendingRegions, 'the Region does not answer yet');
    const looked = { id: record.id, regions: [...found.account.regions, ...pending] };
    await pass.onCoverage?.(record, record.regions, looked.regions);
    const ownTrail = ownTrailRegion(settings.trails, looked, await store.coverage.known(record.id));
    return {
      account: { ...found.account, ownTrail, regions },
      pending: found.pendingRegions,
      ...(found.againMs && { againMs: found.againMs }),
    };
  }
  looks.set(record.id, attempts + 1);
  if (found.kind === 'disturbed') return { verdict: await lookAgain(pass, found.ms, found.message) };
  if (found.kind === 'not-yet') {
    const { Ready } = mark(
      record.conditions,
      { Ready: { status: 'False', reason: 'NotReadyYet', message: found.message } },
      now(),
    );
    if (Ready && !isPreview(pass)) await store.accounts.setConditions(record.id, { Ready });
    return { verdict: { kind: 'wait', ms: found.ms, reason: 'NotReadyYet', message: found.message } };
  }
  await endRequests(pass, 'unreachable', 'NotReachable', found.message);
  if (!isPreview(pass)) await noteUnseen(store, record, found.message);
  return { verdict: { kind: 'wait', ms: found.ms, reason: 'NotReachable', message: found.message } };
}

const inScope = (regions: readonly DesiredStack[], { run }: KeyRequest): StackKey[] =>
  regions
    .filter(
      ({ arguments: args }) =>
        args.kind === 'region' && (run.scope.regions?.includes(args.cell.region) ?? true),
    )
    .map(({ key }) => key);

/** Adds an account's Regions to a run that waits for the account: to be made next, or not at all, and why. */
async function planRegions(
  { store }: Pass,
  regions: readonly DesiredStack[],
  request: KeyRequest,
  failed: string | undefined,
): Promise<void> {
  const state = failed ? 'skipped' : 'admitted';
  await store.runStacks.plan(request.run.id, inScope(regions, request), request.wave, state, failed);
}

/** Wakes those of an account's Regions that have something to do. */
async function wakeRegions(pass: Pass, regions: readonly DesiredStack[]): Promise<void> {
  const { store, queue, requests } = pass;
  const wake = new Map<StackKey, number>();
  for (const request of requests) {
    for (const key of inScope(regions, request))
      wake.set(key, Math.max(wake.get(key) ?? 0, request.run.priority));
  }
  if (!isPreview(pass)) {
    const records = new Map(
      (await store.stacks.ofAccount(fleetAccountOf(pass))).map((each) => [each.key, each]),
    );
    for (const { key, generation } of regions) {
      const record = records.get(key);
      if (!record || !isCurrent(record, generation)) wake.set(key, wake.get(key) ?? 0);
    }
  }
  const byPriority = Map.groupBy(wake, ([, priority]) => priority);
  for (const [priority, keys] of byPriority)
    await queue.wake(
      keys.map(([key]) => (isPreview(pass) ? previewOf(key) : key)),
      priority,
    );
}

const fleetAccountOf = ({ key }: Pass) => key.slice('account-'.length);

/**
 * Reconciles an account: looks at its Regions and trails, makes its stack, and wakes its Regions. Regions that it no
 * longer has are woken as well, to be taken down or archived.
 */
export async function reconcileAccount(pass: Pass, fleet: Fleet): Promise<Verdict> {
  const { store, settings, requests, queue } = pass;
  const record = await store.accounts.get(fleetAccountOf(pass));
  if (!record) {
    await endRequests(pass, 'skipped', 'NotActive', 'the account is not in the organization');
    return { kind: 'done' };
  }
  if (record.state !== 'ACTIVE') {
    await endRequests(pass, 'skipped', 'NotActive', `skipped: the account is ${record.state}`);
    return { kind: 'done' };
  }
  if (!isPreview(pass) && !(await hubIsThere(pass))) return waitForHub(pass);
  for (const { run } of requests) await store.runStacks.begin(run.id, pass.key, pass.lease);
  const found = await survey(pass, record);
  if ('verdict' in found) return found.verdict;
  const desired = desiredAccount(fleet, found.account);
  const mending =
    found.account.ownTrail && found.account.regions.some(({ trail }) => trail.covered === false);
  const againMs = found.againMs ?? (mending ? untilCoveredMs : settings.sweepMinutes * 60_000);
  const terms = { release: releaseOf(fleet), againMs };
  const beforeEnd: Pass['beforeEnd'] = (request, state) => {
    const unusable = state === 'failed' && request.run.kind !== 'preview';
    return planRegions(pass, desired.regions, request, unusable ? `${pass.key} failed` : undefined);
  };
  const { outcome, verdict } = await actOnStack({ ...pass, beforeEnd }, async () => desired.account, terms);
  if (outcome !== 'failed' || isPreview(pass)) await wakeRegions(pass, desired.regions);
  if (isPreview(pass)) return verdict;
  const wanted = [desired.account, ...desired.regions].map(({ key }) => key);
  if (verdict.kind === 'wait' && verdict.reason === 'Waiting') await noteWaiting(pass, record, verdict);
  else await noteAccountReady(store, record.id, wanted);
  const kept = found.pending.map((region) => `region-${record.id}-${region}` as StackKey);
  if (settings.layout === 'region') {
    const strays = (await pass.departures?.strays(record.id, [...wanted, ...kept])) ?? [];
    if (strays.length > 0) await queue.wake(strays);
  }
  return verdict;
}
