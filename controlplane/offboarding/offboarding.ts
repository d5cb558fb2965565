import { covers } from '../organization/fleet-scope.ts';
import type { Organization } from '../organization/listing.ts';
import type { Lease } from '../queue/leases.ts';
import { type Result, stalledAfter } from '../queue/result.ts';
import { mismatchRetryMs } from '../queue/workers.ts';
import { organizationKey, placeOfKey, type StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Confirmation } from '../store/confirmations.ts';
import type { StackRecord } from '../store/stacks.ts';
import { setAccountReady, setStackReady } from './conditions.ts';
import { answer, type ConsiderResult, consider, foundDisabled, heldSentence } from './consider.ts';
import type { OffboardingContext, OffboardingSettings } from './context.ts';
import { type Decision, decideAccount, decideRegion } from './decide.ts';
import { archiveStack, destroyStack, type OffboardingStack } from './destroy.ts';
import { type AccountAccess, checkAccess } from './observe.ts';

export type { OffboardingContext } from './context.ts';

export interface OffboardingService {
  /**
   * Records what departs after a complete listing was recorded, asks the guard, and asks a person where that says so.
   * @throws PortcullisError `invalid-environment` where the scope names what does not exist
   */
  consider(listing: { readonly organization: Organization; readonly readAt: Date }): Promise<ConsiderResult>;
  /** Whether an account is in scope. Pure. */
  covers(account: { readonly id: string; readonly parents: readonly string[] }): boolean;
  /** What is to become of a key's stack, as far as the listing and the settings tell; reads nothing but the store. */
  standing(key: StackKey): Promise<Decision>;
  /**
   * Takes the key's stack away where it departs, and says what came of it; undefined where the key is wanted and to be
   * reconciled as usual. Acts only on what is cleared, while workers are alike, after another look. Throws only where the store fails.
   */
  reconcile(key: StackKey, lease: Lease): Promise<Result | undefined>;
  /** Recorded region stacks of an account that are not among the wanted ones. */
  orphanedStacks(accountId: string, wanted: readonly StackKey[]): Promise<readonly StackKey[]>;
  /** Has what was given up tried again, of these accounts or of all: somebody asked for them. */
  retry(accountIds: readonly string[] | undefined): Promise<void>;
  /** A person's word. @throws PortcullisError `not-found`, `conflict` */
  confirm(id: string, digest: string, by: string): Promise<Confirmation>;
  refuse(id: string, digest: string, by: string): Promise<Confirmation>;
}

const second = 1000;
const minute = 60 * second;
/** Refusals, with our credentials in order, after which an account that left is taken at its word. */
const refusalsOfDepartedAccount = 3;

const wait = (
  ms: number,
  reason: 'AwaitingConfirmation' | 'PrerequisiteFailed' | 'NotReachable' | 'Waiting',
  message: string,
) => ({ kind: 'requeueAfter', requeueAfterMs: ms, reason, message }) as const satisfies Result;

/** Decides about a key by the account's record; a Region is looked at by the caller. */
function decide(settings: OffboardingSettings, account: AccountRecord, region: string | undefined): Decision {
  const whole = decideAccount(account, settings);
  const regions = settings.layout === 'region' ? settings.regions : undefined;
  return region ? decideRegion(region, whole, regions, undefined) : whole;
}

/** Stacks of Regions are taken away before their account's, whose roles they use. */
async function regionsFirst(
  { store, enqueue }: OffboardingContext,
  account: AccountRecord,
): Promise<Result | undefined> {
  const left = (await store.stacks.ofAccount(account.id)).filter(({ kind }) => kind === 'region');
  if (left.length === 0) return undefined;
  const keys = left.map(({ key }) => key);
  await enqueue(keys);
  return wait(30 * second, 'PrerequisiteFailed', `its Regions go first: ${keys.join(', ')}`);
}

/** Leaves a departing stack where it is for now, and says why on its record too. */
async function hold(
  context: OffboardingContext,
  stack: StackRecord,
  why: ReturnType<typeof wait>,
): Promise<Result> {
  const { reason, message } = why;
  await setStackReady(context, stack, { status: 'False', reason, message });
  return why;
}

/** Why a stack stays that nobody has cleared. */
async function uncleared({ store }: OffboardingContext) {
  const asked = await store.confirmations.standing();
  const message = asked ? heldSentence(asked) : 'waits until the organization has been looked at as a whole';
  return wait(10 * minute, 'AwaitingConfirmation', message);
}

interface StayingStack {
  readonly stack: StackRecord | undefined;
  /** The account, where it is about all that is in it. */
  readonly account?: AccountRecord;
  /** `Unknown`: it could not be looked at. */
  readonly status: 'False' | 'Unknown';
}

/** What AWS keeps from being done about a stack for now: on the records, and in the log where it is news. */
async function stay<V extends Result & { message: string }>(
  context: OffboardingContext,
  { stack, account, status }: StayingStack,
  result: V,
): Promise<V> {
  if (!stack) return result;
  const { message } = result;
  const Ready = { status, reason: 'NotReachable', message } as const;
  if (await setStackReady(context, stack, Ready))
    context.log.warn({ stack: stack.key, error: message }, 'stack stays for now');
  if (account) await setAccountReady(context, account, Ready);
  return result;
}

/** What to do with a stack that is to be destroyed, by a look at its account. */
async function destroyOrArchive(
  context: OffboardingContext,
  leaving: OffboardingStack,
  look: AccountAccess,
): Promise<Result> {
  const { store } = context;
  const { account, offboarding, stack } = leaving;
  const unsure = (message: string) =>
    stay(context, { stack, account, status: 'Unknown' }, wait(minute, 'NotReachable', message));
  if (look.kind === 'doubt') return unsure(`not sure that it can be reached: ${look.message}`);
  if (look.kind === 'reached') {
    const decision = stack.region
      ? decideRegion(
          stack.region,
          { kind: 'destroy', because: offboarding.because },
          undefined,
          look.statusOf(stack.region),
        )
      : ({ kind: 'destroy', because: offboarding.because } as const);
    if (decision.kind === 'archive') return archiveStack(context, leaving, decision.because);
    if (decision.kind === 'destroy') return destroyStack(context, leaving);
    return unsure('because' in decision ? decision.because : '');
  }
  const refusals = await store.offboarding.refused(offboarding.key);
  const message = `${offboarding.because}, and refuses us: ${look.message}`;
  if (account.state === 'DEPARTED' && refusals >= refusalsOfDepartedAccount)
    return archiveStack(context, leaving, message);
  const refused = { stack, account, status: 'False' } as const;
  if (account.state === 'ACTIVE')
    return stay(context, refused, { kind: 'error', failures: refusals, message });
  const ms = account.state === 'DEPARTED' ? 30 * second : 5 * minute;
  return stay(context, refused, wait(ms, 'NotReachable', message));
}

/** Whether a wanted Region's stack may be out of reach: only where the last survey did not find the Region. */
const isMissing = ({ regions }: AccountRecord, region: string): boolean =>
  !regions.some((each) => each.region === region);

/** A wanted Region that the last survey did not find: EC2 has the last word. */
async function checkRegion(
  context: OffboardingContext,
  key: StackKey,
  { account, region, stack }: { account: AccountRecord; region: string; stack: StackRecord },
): Promise<Result | 'disabled' | undefined> {
  const { store, aws, settings } = context;
  const look = await checkAccess(aws, account.id, settings.hub);
  const unsure = (message: string) =>
    stay(context, { stack, status: 'Unknown' }, wait(minute, 'NotReachable', message));
  if (look.kind !== 'reached') return unsure(`${region} was not found, and ${look.message}`);
  const decision = decideRegion(region, { kind: 'wanted' }, undefined, look.statusOf(region));
  if (decision.kind === 'unknown') return unsure(decision.because);
  if (decision.kind === 'wanted') {
    await store.offboarding.drop(key);
    return undefined;
  }
  const { because } = decision as { because: string };
  await foundDisabled(
    store,
    { key, accountId: account.id, region, what: 'archive', because },
    await store.now(),
  );
  return 'disabled';
}

async function reconcile(
  context: OffboardingContext,
  key: StackKey,
  lease: Lease,
): Promise<Result | undefined> {
  const { store, settings, aws, enqueue } = context;
  const place = placeOfKey(key);
  const account = place && (await store.accounts.get(place.accountId));
  if (!place || !account) return undefined;
  const { region } = place;
  const decision = decide(settings, account, region);
  const stack = await store.stacks.get(key);
  if (decision.kind === 'unknown')
    return stay(
      context,
      { stack, account, status: 'Unknown' },
      wait(minute, 'NotReachable', decision.because),
    );
  if (decision.kind === 'wanted') {
    if (!region || !stack || !isMissing(account, region)) return undefined;
    const found = await checkRegion(context, key, { account, region, stack });
    if (found !== 'disabled') return found;
  }
  if (!stack) return { kind: 'ok' };
  const offboarding = await store.offboarding.get(key);
  const isMore = offboarding?.what === 'archive' && decision.kind === 'destroy';
  if (!offboarding || offboarding.doneAt || isMore) await enqueue([organizationKey]);
  if (!offboarding?.clearedAt || offboarding.doneAt || isMore)
    return hold(context, stack, await uncleared(context));
  const mismatch = await context.configurationMismatch?.();
  if (mismatch) return hold(context, stack, wait(mismatchRetryMs, 'Waiting', mismatch));
  const first = region ? undefined : await regionsFirst(context, account);
  if (first) return first;
  const leaving = { key, offboarding, account, stack, lease };
  return decision.kind === 'destroy'
    ? destroyOrArchive(context, leaving, await checkAccess(aws, account.id, settings.hub))
    : archiveStack(context, leaving, offboarding.because);
}

/** What is done about accounts and Regions that are to be covered no more. Making it starts nothing. */
export function createOffboarding(
  given: Omit<OffboardingContext, 'now'> & Partial<OffboardingContext>,
): OffboardingService {
  const context: OffboardingContext = { now: () => new Date(), ...given };
  const { store, settings, enqueue } = context;
  return {
    consider: (listing) => consider(context, listing),
    covers: (account) => covers(settings, account),
    async standing(key) {
      const place = placeOfKey(key);
      const account = place && (await store.accounts.get(place.accountId));
      return place && account ? decide(settings, account, place.region) : { kind: 'wanted' };
    },
    reconcile: (key, lease) => reconcile(context, key, lease),
    async orphanedStacks(accountId, wanted) {
      const stacks = await store.stacks.ofAccount(accountId);
      return stacks
        .filter(({ kind, key }) => kind === 'region' && !wanted.includes(key as StackKey))
        .map(({ key }) => key as StackKey);
    },
    async retry(accountIds) {
      const keys = await store.offboarding.resetFailures(stalledAfter, accountIds);
      if (keys.length > 0) await enqueue(keys);
    },
    async confirm(id, digest, by) {
      const confirmed = await answer(store, { id, digest, by, state: 'confirmed' }, await store.now());
      await enqueue(confirmed.stacks.map(({ key }) => key));
      return confirmed;
    },
    refuse: async (id, digest, by) => answer(store, { id, digest, by, state: 'refused' }, await store.now()),
  };
}
