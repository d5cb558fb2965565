import { setTimeout as pause } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Aws } from './aws.ts';
import { type Condition, type Conditions, mark, markFailed, type Reason } from './conditions.ts';
import { type DesiredStack, desiredAccount, desiredHub, type Fleet, type FleetAccount } from './desired.ts';
import type { Engine } from './engine.ts';
import type { Settings } from './environment.ts';
import { PortcullisError, reasonOf } from './errors.ts';
import { fleetOf } from './fleet.ts';
import type { HubBundler } from './hub-bundle.ts';
import { keyedTurns } from './keyed.ts';
import { isFromEvent } from './lifecycle.ts';
import { type Organization, type OrganizationAccount, readOrganization } from './organization.ts';
import { type StackOutcome, stackReconciler } from './reconcile-stack.ts';
import { accountsInScope, isWholeOrganization, requireRegions } from './scope.ts';
import { accountKey, hubKey } from './stack-key.ts';
import type { Run } from './store/runs.ts';
import type { Store } from './store/store.ts';
import { surveyAccount } from './survey.ts';
import { trailsCondition } from './trails-condition.ts';

export interface Reconciler {
  /**
   * Carries a run out to its end and records it; once told to stop, it ends what is under way, begins nothing more
   * and leaves the run unfinished, for the next start to take up. Throws only where the store itself fails.
   */
  execute(run: Run): Promise<void>;
}

interface Parts {
  readonly settings: Settings;
  readonly aws: Aws;
  readonly engine: Engine;
  readonly store: Store;
  readonly hubBundle: HubBundler;
  readonly programVersion: string;
  /** Aborted when the service stops. */
  readonly stopping: AbortSignal;
}

/** One run under way. */
interface Pass extends Parts {
  readonly run: Run;
  readonly act: ReturnType<typeof stackReconciler>;
  readonly surveys: LimitFunction;
  failed: number;
}

const now = () => new Date().toISOString();

/** Waits for all, then gives their values or throws the first failure: nothing goes on after the run has ended. */
async function allEnded<T extends readonly unknown[] | []>(work: T) {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Marks stacks, or an account that never got any, as not reached in this run, and why. */
async function skip({ store, run }: Pass, keys: readonly string[], message: string): Promise<void> {
  for (const key of keys) await store.runs.stack(run.id, key, 'skipped', undefined, message);
}

/** Changes an account's conditions as they are by now: another run may have set some since this one began. */
async function note({ store }: Pass, id: string, change: (before: Conditions) => Conditions): Promise<void> {
  await store.accounts.setConditions(id, change((await store.accounts.get(id))?.conditions ?? {}));
}

/** The survey of an account that may be new: "not yet" is waited out, for five minutes. */
async function reach(pass: Pass, account: OrganizationAccount): Promise<FleetAccount> {
  const giveUp = Date.now() + 5 * 60_000;
  for (let attempts = 0; ; attempts += 1) {
    const survey = await surveyAccount(pass.aws, pass.settings, account, attempts);
    if (survey.kind === 'found') return survey.account;
    if (survey.kind === 'unreachable' || Date.now() + survey.ms > giveUp)
      throw new PortcullisError('account-unreachable', survey.message);
    await pause(survey.ms, undefined, { signal: pass.stopping });
  }
}

/** An active account's Regions and trails, recorded; or nothing where it is not active or not reachable. */
async function survey(pass: Pass, account: OrganizationAccount): Promise<FleetAccount | undefined> {
  const { store, run } = pass;
  // A preview tells what it could not look at, and leaves the account as ready as it was.
  const notReady = async (reason: Reason, message: string) => {
    if (run.kind === 'reconcile') {
      await note(pass, account.id, (before) => markFailed(before, reason, message, now()));
    }
  };
  if (account.state !== 'ACTIVE') {
    const message = `skipped: the account is ${account.state}`;
    await notReady('NotActive', message);
    await skip(pass, [accountKey(account.id)], message);
    return undefined;
  }
  try {
    const found = await reach(pass, account);
    await store.accounts.setRegions(account.id, found.regions);
    const TrailsCovered = trailsCondition(found.regions.map(({ trail }) => trail));
    await note(pass, account.id, (before) => mark(before, { TrailsCovered }, now()));
    return found;
  } catch (error) {
    pass.stopping.throwIfAborted();
    const message = reasonOf(error);
    await notReady('NotReachable', message);
    await store.runs.stack(run.id, accountKey(account.id), 'failed', undefined, message);
    pass.failed += 1;
    return undefined;
  }
}

/** Whether every stack that the account should have is ready, whichever of them this run was about. */
async function readiness(store: Store, wanted: readonly string[]): Promise<Omit<Condition, 'since'>> {
  const records = await Promise.all(wanted.map((key) => store.stacks.get(key)));
  const wanting = wanted.filter((_, index) => records[index]?.conditions.Ready?.status !== 'True');
  return wanting.length === 0
    ? { status: 'True', reason: 'Succeeded', message: `${wanted.length} stacks` }
    : { status: 'False', reason: 'Failed', message: `not ready: ${wanting.join(', ')}` };
}

/** The account's stack, once there is a hub, then those of its Regions that are in the run's scope. */
async function onboard(pass: Pass, fleet: Fleet, account: FleetAccount, hub: Promise<Hub>): Promise<void> {
  const { run, store } = pass;
  const desired = desiredAccount(fleet, account);
  const regions = desired.regions.filter(
    ({ arguments: args }) =>
      args.kind === 'region' && (run.scope.regions?.includes(args.cell.region) ?? true),
  );
  const keys = regions.map(({ key }) => key);
  await store.runs.plan(run.id, [desired.account.key, ...keys]);
  if (!(await hub).usable) return skip(pass, [desired.account.key, ...keys], 'the hub stack failed');
  const act = (stack: DesiredStack) => pass.act(run, stack.key, async () => stack);
  const outcome = await act(desired.account);
  if (outcome === 'failed') await skip(pass, keys, `${desired.account.key} failed`);
  const rest = outcome === 'failed' ? [] : await allEnded(regions.map(act));
  pass.failed += [outcome, ...rest].filter((each) => each === 'failed').length;
  if (run.kind === 'preview') return;
  const Ready = await readiness(
    store,
    [desired.account, ...desired.regions].map(({ key }) => key),
  );
  await note(pass, account.id, (before) => mark(before, { Ready }, now()));
}

const listings = 5;
const listingPause = 3_000;

/** The organization; where an event ran ahead of the listing, as it is once the listing has the account as active. */
async function readCaughtUp({ run, aws, stopping }: Pass): Promise<Organization> {
  for (let left = listings; ; left -= 1) {
    const organization = await readOrganization(aws);
    const listed = (id: string) =>
      organization.accounts.some((account) => account.id === id && account.state !== 'PENDING_ACTIVATION');
    if (left === 1 || !isFromEvent(run) || (run.scope.accounts ?? []).every(listed)) return organization;
    await pause(listingPause, undefined, { signal: stopping });
  }
}

/** What came of the hub, and whether there is one for accounts to be wired to. */
interface Hub {
  readonly outcome: StackOutcome;
  readonly usable: boolean;
}

/**
 * The hub, with the policy as it is when its turn comes. A run about a part of the organization needs the hub, and
 * leaves it alone where it is as it should be. An unreadable policy leaves the hub that was made last to the accounts.
 */
async function actOnHub(
  { run, act, aws, store, hubBundle }: Pass,
  fleet: Fleet,
  accounts: readonly OrganizationAccount[],
): Promise<Hub> {
  const asked = isWholeOrganization(run.scope) ? run : { ...run, onlyChanged: true };
  const outcome = await act(asked, hubKey, async () => {
    const { bundle, exceptions } = await hubBundle(accounts.map(({ id }) => id));
    return { ...desiredHub(fleet, bundle, await aws.accessRoleArn(fleet.hub.accountId)), exceptions };
  });
  const lastGood = async () => ((await store.stacks.get(hubKey))?.generation ?? null) !== null;
  return { outcome, usable: outcome === 'undeclared' ? await lastGood() : outcome !== 'failed' };
}

async function carryOut(pass: Pass): Promise<void> {
  const { run, store, aws } = pass;
  const readAt = new Date();
  const organization = await readCaughtUp(pass);
  await store.accounts.seen(organization.accounts, readAt);
  const accounts = accountsInScope(organization, run.scope);
  const fleet = await fleetOf(aws, pass.settings, organization, pass.programVersion);
  await store.runs.plan(run.id, [hubKey]);
  const hub = actOnHub(pass, fleet, accounts);
  const [{ outcome }, surveyed] = await allEnded([
    hub,
    allEnded(
      accounts.map(async (account) => {
        const found = await pass.surveys(() => survey(pass, account));
        if (found) await onboard(pass, fleet, found, hub);
        return found;
      }),
    ),
  ]);
  if (outcome === 'failed' || outcome === 'undeclared') pass.failed += 1;
  const found = surveyed.filter((account) => account !== undefined);
  if (pass.failed === 0) requireRegions(found, run.scope);
}

/**
 * Reconciles hub, then accounts, each account's Regions after it. Stacks run in parallel up to the limit, over all
 * runs together; a stack never runs twice at once. One account's failure is its own: the others go on.
 */
export function reconciler(parts: Parts): Reconciler {
  const { store, settings, engine } = parts;
  const limit = pLimit(settings.parallel);
  const surveys = pLimit(settings.parallel * 2);
  const turns = keyedTurns();
  // Waiting for a stack's turn takes no place in the limit: one busy stack never holds up others.
  const unlessStopping = async <T>(work: () => Promise<T>): Promise<T> => {
    parts.stopping.throwIfAborted();
    return work();
  };
  const act = stackReconciler({
    engine,
    store,
    turn: (key, work) => turns(key, () => limit(unlessStopping, work)),
  });
  return {
    async execute(run) {
      await store.runs.start(run.id);
      const pass: Pass = { ...parts, run, act, surveys, failed: 0 };
      try {
        await carryOut(pass);
        const message = pass.failed > 0 ? `${pass.failed} failed` : null;
        await store.runs.finish(run.id, pass.failed > 0 ? 'failed' : 'succeeded', message);
      } catch (error) {
        if (parts.stopping.aborted) return;
        await store.runs.finish(run.id, 'failed', reasonOf(error));
      }
    },
  };
}
