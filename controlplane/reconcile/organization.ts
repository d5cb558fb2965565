import { fleetOf } from '../organization/fleet.ts';
import { type Organization, readOrganization } from '../organization/listing.ts';
import { priorities } from '../queue/key-queue.ts';
import type { Lease } from '../queue/leases.ts';
import { type Result, requeueAfter } from '../queue/result.ts';
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

/** What every reconcile needs to know about the organization. */
export interface OrganizationFact {
  readonly id: string;
  readonly managementAccountId: string;
}

export const organizationFact = 'organization';
/** Its value: why the last reading failed, or null. */
export const unreadFact = 'organization not read';

/** How far an event may precede the listing that shows it, milliseconds. */
const aheadMs = 2 * 60_000;
const listingPauseMs = 3_000;

const failedReadingsFact = 'failed readings of the organization';

/** Counts failed readings in a row. The organization's lease allows one worker at a time. */
async function counted({ facts }: ReconcileServices['store'], read: boolean): Promise<number> {
  const before = (await facts.get<number>(failedReadingsFact))?.value ?? 0;
  const unread = read ? 0 : before + 1;
  if (unread !== before) await facts.set(failedReadingsFact, unread);
  return unread;
}

export interface OrganizationContext extends ReconcileServices {
  readonly runs: { request(request: RunRequest): Promise<Run> };
}

/** @throws PortcullisError as `readOrganization` and `fleetOf` do */
export async function recordOrganization(
  context: ReconcileServices,
): Promise<{ organization: Organization; readAt: Date }> {
  const { store, aws, settings, programVersion } = context;
  const readAt = await store.now();
  const organization = await readOrganization(aws);
  await fleetOf(aws, settings, organization, programVersion);
  await store.accounts.seen(organization.accounts, readAt);
  await store.findings.closeDeparted(readAt);
  const { id, managementAccountId } = organization;
  await store.facts.set(organizationFact, { id, managementAccountId } satisfies OrganizationFact);
  await context.offboarding?.note(organization);
  return { organization, readAt };
}

/** An account that does not allow access yet has no stack, but is inspected again by its own backoff. */
const isAwaited = ({ conditions: { Ready } }: Pick<AccountRecord, 'conditions'>): boolean =>
  Ready?.reason === 'NotReachable' || Ready?.reason === 'NotReadyYet';

/** New active accounts in scope. An account whose onboarding was cancelled waits for a request. */
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
      // An inspected account is already enqueued by its own backoff.
      const inspected = (record !== undefined && isAwaited(record)) || (stack?.failures ?? 0) > 0;
      return !stack?.made && !underWay.has(id) && !inspected;
    })
    .map(({ id }) => id);
  const cancelled = new Set(ids.length > 0 ? await store.runStacks.cancelled(ids, onboardingName) : []);
  return ids.filter((id) => !cancelled.has(id));
}

/**
 * Starts a run for new accounts, unless an onboarding run is paused. Accounts that arrive separately get a run each,
 * so the failure limits apply to all onboarding within 24 hours: above them the run starts paused.
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
 * Starts a run that updates all stacks to the present release: once for each change of the release, also back to an
 * earlier one, and again when the previous roll-out reached no account.
 */
async function rollOut(context: OrganizationContext, organization: Organization): Promise<void> {
  const { store, settings, runs, aws, programVersion } = context;
  const release = releaseOf(await fleetOf(aws, settings, organization, programVersion));
  if (!(await store.stacks.hasOtherRelease(release)) || (await rolloutOf(store, release)) !== 'needed')
    return;
  await runs.request({
    kind: 'reconcile',
    scope: {},
    onlyChanged: true,
    requestedBy: releaseName(release),
    priority: priorities.rollout,
    rollout: settings.rollout,
  });
}

/** Enqueues the next inspection of every inspected account, in case its job was lost. */
async function ensureListings(context: OrganizationContext, organization: Organization): Promise<void> {
  const { store, queue, settings, offboarding } = context;
  const known = new Set((await store.stacks.accounts()).map(({ accountId }) => accountId));
  // An account that was suspended meanwhile enqueued no further inspection.
  const awaited = new Set((await store.accounts.list()).filter(isAwaited).map(({ id }) => id));
  const period = settings.resyncMinutes * 60_000;
  const active = organization.accounts.filter(({ state }) => state === 'ACTIVE');
  const covered = new Set(((await offboarding?.covered(active)) ?? active).map(({ id }) => id));
  const keys = active
    .filter(({ id }) => known.has(id) || (awaited.has(id) && covered.has(id)))
    .map(({ id }) => ({ key: accountKey(id) as string, afterMs: Math.random() * period }));
  await queue.enqueueAfter([...keys, { key: hubKey, afterMs: Math.random() * period }]);
}

/** Without this Region there are no lifecycle events, so only the resync finds changes. */
async function remarkOnRegions({ aws, settings, log }: OrganizationContext): Promise<void> {
  const first = organizationsRegion((await aws.caller()).partition);
  if (!settings.regions || settings.regions.includes(first)) return;
  log.warn(
    { key: 'organization' },
    `PORTCULLIS_REGIONS leaves out ${first}, where lifecycle events appear: changes are found only every ${settings.resyncMinutes} minutes`,
  );
}

/** Offboards what left scope; returns a result when that fails. @throws only when the store fails */
async function offboardAccounts(
  { offboarding, queue, log }: OrganizationContext,
  listing: { organization: Organization; readAt: Date },
): Promise<Result | undefined> {
  if (!offboarding) return undefined;
  try {
    const { keysToEnqueue, held, remarks } = await offboarding.consider(listing);
    for (const remark of remarks) log.warn({ key: 'organization' }, remark);
    if (held) log.warn({ key: 'organization' }, held);
    if (keysToEnqueue.length > 0) await queue.enqueue(keysToEnqueue);
    return undefined;
  } catch (error) {
    const passing = hasCode(error, 'store-unreachable') || hasCode(error, 'lease-lost');
    if (!(error instanceof PortcullisError) || passing) throw error;
    log.error({ key: 'organization', error: error.message }, 'the listing was not applied');
    return {
      kind: 'terminal',
      reason: 'PrerequisiteFailed',
      message: error.message,
      requeueAfterMs: 10 * 60_000,
    };
  }
}

/**
 * Reconciles the organization: lists and records it, offboards what left scope, onboards new accounts and rolls out a
 * new release. While workers differ, it only onboards.
 * @throws only when the store fails
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
  // With different configurations, workers would undo each other's changes.
  const mismatch = await context.configurationMismatch?.();
  if (mismatch) log.warn({ key: 'organization' }, mismatch);
  const wrong = mismatch ? undefined : await offboardAccounts(context, listing);
  await onboard(context, organization);
  if (!mismatch) await rollOut(context, organization);
  await ensureListings(context, organization);
  if (wrong) return wrong;
  // A moved account or renamed unit may be in the scope of a policy rule.
  await queue.enqueue([hubKey], priorities.rollout);
  const active = new Set(organization.accounts.filter(({ state }) => state === 'ACTIVE').map(({ id }) => id));
  const missing = expected.filter((id) => !active.has(id));
  if (missing.length > 0)
    return requeueAfter(listingPauseMs, 'Waiting', `not listed yet: ${missing.join(', ')}`);
  return mismatch
    ? requeueAfter(mismatchRetryMs, 'Waiting', mismatch)
    : { kind: 'ok', requeueAfterMs: settings.resyncMinutes * 60_000 };
}
