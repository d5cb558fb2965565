import { fleetOf } from '../organization/fleet.ts';
import { type Organization, readOrganization } from '../organization/listing.ts';
import { priorities } from '../queue/key-queue.ts';
import type { Lease } from '../queue/leases.ts';
import type { Result } from '../queue/result.ts';
import { mismatchRetryMs } from '../queue/workers.ts';
import { hasCode, PortcullisError, reasonOf } from '../settings/errors.ts';
import { organizationsRegion } from '../settings/partition.ts';
import { excess } from '../stacks/failure-limit.ts';
import { accountKey, hubKey } from '../stacks/key.ts';
import { releaseOf } from '../stacks/release.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Run, RunRequest } from '../store/runs.ts';
import type { ReconcileServices } from './context.ts';
import { releaseName, rolloutOf } from './release-run.ts';
import { onboardingName } from './turn.ts';

/** What every reconcile has to know of the organization besides the account that it is about. */
export interface OrganizationFact {
  readonly id: string;
  readonly managementAccountId: string;
}

export const organizationFact = 'organization';
/** The name of the fact that says why the organization was not read the last time; null once it was. */
export const unreadFact = 'organization not read';

/** An event may run ahead of the listing by this much, milliseconds. */
const aheadMs = 2 * 60_000;
const listingPauseMs = 3_000;

/** Readings in a row that failed. */
const failedReadingsFact = 'failed readings of the organization';

/** Counts a reading; how many in a row failed by now. Under the organization's lease, so by one worker at a time. */
async function counted({ facts }: ReconcileServices['store'], read: boolean): Promise<number> {
  const before = (await facts.get<number>(failedReadingsFact))?.value ?? 0;
  const unread = read ? 0 : before + 1;
  if (unread !== before) await facts.set(failedReadingsFact, unread);
  return unread;
}

export interface OrganizationContext extends ReconcileServices {
  readonly runs: { request(request: RunRequest): Promise<Run> };
}

/** Reads the organization and records it. @throws PortcullisError as `readOrganization` and `fleetOf` do. */
export async function recordOrganization(
  context: ReconcileServices,
): Promise<{ organization: Organization; readAt: Date }> {
  const { store, aws, settings, programVersion } = context;
  const readAt = await store.now();
  const organization = await readOrganization(aws);
  await fleetOf(aws, settings, organization, programVersion);
  await store.accounts.seen(organization.accounts, readAt);
  const { id, managementAccountId } = organization;
  await store.facts.set(organizationFact, { id, managementAccountId } satisfies OrganizationFact);
  await context.offboarding?.note(organization);
  return { organization, readAt };
}

/** An account that lets nobody in yet: looked at again and again, by its own backoff, though it has no stack. */
const isAwaited = ({ conditions: { Ready } }: Pick<AccountRecord, 'conditions'>): boolean =>
  Ready?.reason === 'NotReachable' || Ready?.reason === 'NotReadyYet';

/**
 * Active accounts to be covered that nothing was made in yet, and that no run is about. One whose onboarding a person
 * cancelled waits until a person asks for it.
 */
async function newAccounts(context: ReconcileServices, organization: Organization): Promise<string[]> {
  const { store, offboarding } = context;
  const underWay = new Set(await store.runStacks.accountsUnderWay());
  const stacks = new Map((await store.stacks.accounts()).map((stack) => [stack.accountId, stack]));
  const records = new Map((await store.accounts.list()).map((record) => [record.id, record]));
  const active = organization.accounts.filter(({ state }) => state === 'ACTIVE');
  const ids = ((await offboarding?.covered(active)) ?? active)
    .filter(({ id }) => {
      const stack = stacks.get(id);
      const record = records.get(id);
      // Of one that was looked at already the next look is on its way, by its own backoff.
      const looked = (record !== undefined && isAwaited(record)) || (stack?.failures ?? 0) > 0;
      return !stack?.made && !underWay.has(id) && !looked;
    })
    .map(({ id }) => id);
  const cancelled = new Set(ids.length > 0 ? await store.runStacks.cancelled(ids, onboardingName) : []);
  return ids.filter((id) => !cancelled.has(id));
}

/**
 * A run for accounts that are new, unless one is paused and waits for a person. Accounts that come one by one have a run
 * each, so the limits are asked of all onboarding of a day as well: above them the run is made paused.
 */
async function onboard(context: OrganizationContext, organization: Organization): Promise<void> {
  const { store, settings, runs, log } = context;
  const ids = await newAccounts(context, organization);
  if (ids.length === 0) return;
  const paused = await store.runs.latestOf(onboardingName, 'paused');
  if (paused) {
    log.warn({ run: paused.id, accounts: ids.length, message: paused.message }, 'onboarding is paused');
    return;
  }
  const { rollout } = settings;
  const stop = excess(
    await store.runStacks.lately(onboardingName),
    rollout,
    'in onboarding within a day',
    false,
  );
  const message = stop && `${stop}: fix what fails, then resume this run`;
  const run = await runs.request({
    kind: 'reconcile',
    scope: { accounts: ids },
    onlyChanged: true,
    requestedBy: onboardingName,
    priority: priorities.onboarding,
    rollout,
    paused: message,
  });
  if (message) log.error({ run: run.id, accounts: ids.length, message }, 'onboarding is paused');
}

/**
 * A run that brings the stacks of another release to the present one: once each time that the release becomes another,
 * back to an earlier one as well, and again where the one before reached no account.
 */
async function rollOut(context: OrganizationContext, organization: Organization): Promise<void> {
  const { store, settings, runs, aws, programVersion } = context;
  const release = releaseOf(await fleetOf(aws, settings, organization, programVersion));
  if (!(await store.stacks.hasOtherRelease(release)) || (await rolloutOf(store, release)) !== 'owed') return;
  await runs.request({
    kind: 'reconcile',
    scope: {},
    onlyChanged: true,
    requestedBy: releaseName(release),
    priority: priorities.rollout,
    rollout: settings.rollout,
  });
}

/** Every account that was looked at before has its next look waiting, whatever became of the job for it. */
async function ensureListings(context: OrganizationContext, organization: Organization): Promise<void> {
  const { store, queue, settings, offboarding } = context;
  const known = new Set((await store.stacks.accounts()).map(({ accountId }) => accountId));
  // One that was suspended meanwhile had a last look that asked for no other.
  const awaited = new Set((await store.accounts.list()).filter(isAwaited).map(({ id }) => id));
  const period = settings.sweepMinutes * 60_000;
  const active = organization.accounts.filter(({ state }) => state === 'ACTIVE');
  const covered = new Set(((await offboarding?.covered(active)) ?? active).map(({ id }) => id));
  const keys = active
    .filter(({ id }) => known.has(id) || (awaited.has(id) && covered.has(id)))
    .map(({ id }) => ({ key: accountKey(id) as string, afterMs: Math.random() * period }));
  await queue.enqueueAfter([...keys, { key: hubKey, afterMs: Math.random() * period }]);
}

/** Without the one Region where they appear, changes of the organization are found by the clock alone. */
async function remarkOnRegions({ aws, settings, log }: OrganizationContext): Promise<void> {
  const first = organizationsRegion((await aws.caller()).partition);
  if (!settings.regions || settings.regions.includes(first)) return;
  log.warn(
    { key: 'organization' },
    `PORTCULLIS_REGIONS leaves out ${first}, where lifecycle events appear: changes are found every ${settings.sweepMinutes} minutes only`,
  );
}

/** Has what departed seen to; the verdict where that cannot be. @throws only where the store does not answer */
async function offboardAccounts(
  { offboarding, queue, log }: OrganizationContext,
  listing: { organization: Organization; readAt: Date },
): Promise<Result | undefined> {
  if (!offboarding) return undefined;
  try {
    const { keysToEnqueue: enqueue, held, remarks } = await offboarding.consider(listing);
    for (const remark of remarks) log.warn({ key: 'organization' }, remark);
    if (held) log.warn({ key: 'organization' }, held);
    if (enqueue.length > 0) await queue.enqueue(enqueue);
    return undefined;
  } catch (error) {
    const passing = hasCode(error, 'store-unreachable') || hasCode(error, 'lease-lost');
    if (!(error instanceof PortcullisError) || passing) throw error;
    log.error({ key: 'organization', error: error.message }, 'nothing was done about the listing');
    return {
      kind: 'terminal',
      reason: 'PrerequisiteFailed',
      message: error.message,
      requeueAfterMs: 10 * 60_000,
    };
  }
}

const waiting = (ms: number, message: string): Result => ({
  kind: 'requeueAfter',
  requeueAfterMs: ms,
  reason: 'Waiting',
  message,
});

/**
 * Reconciles who belongs to the organization: lists it, records it, has what departed seen to, new accounts onboarded,
 * and what is of an older release rolled out; while workers differ, new accounts are onboarded and no more.
 * @throws only where the store does not answer.
 */
export async function reconcileOrganization(context: OrganizationContext, lease: Lease): Promise<Result> {
  const { store, queue, settings, log } = context;
  const expected = await store.lifecycleEvents.expected(aheadMs);
  let listing: Awaited<ReturnType<typeof recordOrganization>>;
  try {
    listing = await recordOrganization(context);
    await store.facts.set(unreadFact, null);
    await counted(store, true);
  } catch (error) {
    lease.signal.throwIfAborted();
    const message = reasonOf(error);
    log.error({ key: 'organization', error: message }, 'the organization was not read');
    if (!(error instanceof PortcullisError)) throw error;
    await store.facts.set(unreadFact, message);
    return error.retry
      ? { kind: 'error', failures: await counted(store, false), message }
      : { kind: 'terminal', reason: 'PrerequisiteFailed', message, requeueAfterMs: 10 * 60_000 };
  }
  const { organization } = listing;
  await remarkOnRegions(context);
  // Each of workers that differ would undo what another declares, and clear what another's settings keep.
  const mismatch = await context.configurationMismatch?.();
  if (mismatch) log.warn({ key: 'organization' }, mismatch);
  const wrong = mismatch ? undefined : await offboardAccounts(context, listing);
  await onboard(context, organization);
  if (!mismatch) await rollOut(context, organization);
  await ensureListings(context, organization);
  if (wrong) return wrong;
  // An account that moved or a unit that was renamed may be what the policy's scopes are about.
  await queue.enqueue([hubKey], priorities.rollout);
  const active = new Set(organization.accounts.filter(({ state }) => state === 'ACTIVE').map(({ id }) => id));
  const missing = expected.filter((id) => !active.has(id));
  if (missing.length > 0) return waiting(listingPauseMs, `not listed yet: ${missing.join(', ')}`);
  return mismatch
    ? waiting(mismatchRetryMs, mismatch)
    : { kind: 'ok', requeueAfterMs: settings.sweepMinutes * 60_000 };
}
