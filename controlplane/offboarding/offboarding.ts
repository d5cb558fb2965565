import { covers } from '../organization/fleet-scope.ts';
import type { Organization } from '../organization/listing.ts';
import type { Lease } from '../queue/leases.ts';
import { stalledAfter, type Verdict } from '../queue/result.ts';
import { alikeAgainMs } from '../queue/workers.ts';
import { organizationKey, placeOfKey, type StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Confirmation } from '../store/confirmations.ts';
import type { StackRecord } from '../store/stacks.ts';
import { tellAccount, tellStack } from './conditions.ts';
import { answer, type Considered, consider, foundDisabled, heldSentence } from './consider.ts';
import type { DepartureParts, DepartureSettings } from './context.ts';
import { type Decision, decideAccount, decideRegion } from './decide.ts';
import { entomb, type Leaving, tearDown } from './destroy.ts';
import { type Look, lookAt } from './observe.ts';

export type { DepartureParts } from './context.ts';

export interface Departures {
  /**
   * Records what departs after a complete listing was recorded, asks the guard, and asks a person where that says so.
   * @throws PortcullisError `invalid-environment` where the scope names what does not exist
   */
  consider(listing: { readonly organization: Organization; readonly readAt: Date }): Promise<Considered>;
  /** Whether an account is in scope. Pure. */
  covers(account: { readonly id: string; readonly parents: readonly string[] }): boolean;
  /** What is to become of a key's stack, as far as the listing and the settings tell; reads nothing but the store. */
  standing(key: StackKey): Promise<Decision>;
  /**
   * Takes the key's stack away where it departs, and says what came of it; undefined where the key is wanted and to be
   * reconciled as usual. Acts only on what is cleared, while workers are alike, after another look. Throws only where the store fails.
   */
  reconcile(key: StackKey, lease: Lease): Promise<Verdict | undefined>;
  /** Recorded region stacks of an account that are not among the wanted ones. */
  strays(accountId: string, wanted: readonly StackKey[]): Promise<readonly StackKey[]>;
  /** Has what was given up tried again, of these accounts or of all: somebody asked for them. */
  retry(accountIds: readonly string[] | undefined): Promise<void>;
  /** A person's word. @throws PortcullisError `not-found`, `conflict` */
  confirm(id: string, digest: string, by: string): Promise<Confirmation>;
  refuse(id: string, digest: string, by: string): Promise<Confirmation>;
}

const second = 1000;
const minute = 60 * second;
/** Refusals, with our credentials in order, after which an account that left is taken at its word. */
const refusalsOfOneThatLeft = 3;

const wait = (
  ms: number,
  reason: 'AwaitingConfirmation' | 'PrerequisiteFailed' | 'NotReachable' | 'Waiting',
  message: string,
) => ({ kind: 'wait', ms, reason, message }) as const satisfies Verdict;

/** Decides about a key by the account's record; a Region is looked at by the caller. */
function decide(settings: DepartureSettings, account: AccountRecord, region: string | undefined): Decision {
  const whole = decideAccount(account, settings);
  const regions = settings.layout === 'region' ? settings.regions : undefined;
  return region ? decideRegion(region, whole, regions, undefined) : whole;
}

/** Stacks of Regions are taken away before their account's, whose roles they use. */
async function regionsFirst(
  { store, wake }: DepartureParts,
  account: AccountRecord,
): Promise<Verdict | undefined> {
  const left = (await store.stacks.ofAccount(account.id)).filter(({ kind }) => kind === 'region');
  if (left.length === 0) return undefined;
  const keys = left.map(({ key }) => key);
  await wake(keys);
  return wait(30 * second, 'PrerequisiteFailed', `its Regions go first: ${keys.join(', ')}`);
}

/** Leaves a departing stack where it is for now, and says why on its record too. */
async function hold(
  parts: DepartureParts,
  stack: StackRecord,
  why: ReturnType<typeof wait>,
): Promise<Verdict> {
  const { reason, message } = why;
  await tellStack(parts, stack, { status: 'False', reason, message });
  return why;
}

/** Why a stack stays that nobody has cleared. */
async function uncleared({ store }: DepartureParts) {
  const asked = await store.confirmations.standing();
  const message = asked ? heldSentence(asked) : 'waits until the organization has been looked at as a whole';

  return wait(10 * minute, 'AwaitingConfirmation', message);
}

interface Staying {
  readonly stack: StackRecord | undefined;
  /** The account, where it is about all that is in it. */
  readonly account?: AccountRecord;
  /** `Unknown`: it could not be looked at. */
  readonly status: 'False' | 'Unknown';
}

/** What AWS keeps from being done about a stack for now: on the records, and in the log where it is news. */
async function stay<V extends Verdict & { message: string }>(
  parts: DepartureParts,
  { stack, account, status }: Staying,
  verdict: V,
): Promise<V> {
  if (!stack) return verdict;
  const { message } = verdict;
  const Ready = { status, reason: 'NotReachable', message } as const;
  if (await tellStack(parts, stack, Ready))
    parts.log.warn({ stack: stack.key, error: message }, 'stack stays for now');
  if (account) await tellAccount(parts, account, Ready);
  return verdict;
}

/** What to do with a stack that is to be torn down, by a look at its account. */
async function takeAway(parts: DepartureParts, leaving: Leaving, look: Look): Promise<Verdict> {
  const { store } = parts;
  const { account, departure, stack } = leaving;
  const unsure = (message: string) =>
    stay(parts, { stack, account, status: 'Unknown' }, wait(minute, 'NotReachable', message));
  if (look.kind === 'doubt') return unsure(`not sure that it can be reached: ${look.message}`);
  if (look.kind === 'reached') {
    const decision = stack.region
      ? decideRegion(
          stack.region,
          { kind: 'tear-down', because: departure.because },
          undefined,
          look.statusOf(stack.region),
        )
      : ({ kind: 'tear-down', because: departure.because } as const);
    if (decision.kind === 'gone') return entomb(parts, leaving, decision.because);
    if (decision.kind === 'tear-down') return tearDown(parts, leaving);
    return unsure('because' in decision ? decision.because : '');
  }
  const refusals = await store.departures.refused(departure.key);
  const message = `${departure.because}, and refuses us: ${look.message}`;
  if (account.state === 'DEPARTED' && refusals >= refusalsOfOneThatLeft)
    return entomb(parts, leaving, message);
  const refused = { stack, account, status: 'False' } as const;
  if (account.state === 'ACTIVE')
    return stay(parts, refused, { kind: 'failed', failures: refusals, message });
  const ms = account.state === 'DEPARTED' ? 30 * second : 5 * minute;
  return stay(parts, refused, wait(ms, 'NotReachable', message));
}

/** Whether a wanted Region's stack may be out of reach: only where the last survey did not find the Region. */
const isMissing = ({ regions }: AccountRecord, region: string): boolean =>
  !regions.some((each) => each.region === region);

/** A wanted Region that the last survey did not find: EC2 has the last word. */
async function lookForRegion(
  parts: DepartureParts,
  key: StackKey,
  { account, region, stack }: { account: AccountRecord; region: string; stack: StackRecord },
): Promise<Verdict | 'disabled' | undefined> {
  const { store, aws, settings } = parts;
  const look = await lookAt(aws, account.id, settings.hub);
  const unsure = (message: string) =>
    stay(parts, { stack, status: 'Unknown' }, wait(minute, 'NotReachable', message));
  if (look.kind !== 'reached') return unsure(`${region} was not found, and ${look.message}`);
  const decision = decideRegion(region, { kind: 'wanted' }, undefined, look.statusOf(region));
  if (decision.kind === 'unknown') return unsure(decision.because);
  if (decision.kind === 'wanted') {
    await store.departures.drop(key);
    return undefined;
  }
  const { because } = decision as { because: string };
  await foundDisabled(
    store,
    { key, accountId: account.id, region, what: 'gone', because },
    await store.now(),
  );
  return 'disabled';
}

async function reconcile(parts: DepartureParts, key: StackKey, lease: Lease): Promise<Verdict | undefined> {
  const { store, settings, aws, wake } = parts;
  const place = placeOfKey(key);
  const account = place && (await store.accounts.get(place.accountId));
  if (!place || !account) return undefined;
  const { region } = place;
  const decision = decide(settings, account, region);
  const stack = await store.stacks.get(key);
  if (decision.kind === 'unknown')
    return stay(parts, { stack, account, status: 'Unknown' }, wait(minute, 'NotReachable', decision.because));
  if (decision.kind === 'wanted') {
    if (!region || !stack || !isMissing(account, region)) return undefined;
    const found = await lookForRegion(parts, key, { account, region, stack });
    if (found !== 'disabled') return found;
  }
  if (!stack) return { kind: 'done' };
  const departure = await store.departures.get(key);
  const isMore = departure?.what === 'gone' && decision.kind === 'tear-down';
  if (!departure || departure.doneAt || isMore) await wake([organizationKey]);
  if (!departure?.clearedAt || departure.doneAt || isMore) return hold(parts, stack, await uncleared(parts));
  const unlike = await parts.unlike?.();
  if (unlike) return hold(parts, stack, wait(alikeAgainMs, 'Waiting', unlike));
  const first = region ? undefined : await regionsFirst(parts, account);
  if (first) return first;
  const leaving = { key, departure, account, stack, lease };
  return decision.kind === 'tear-down'
    ? takeAway(parts, leaving, await lookAt(aws, account.id, settings.hub))
    : entomb(parts, leaving, departure.because);
}

/** What is done about accounts and Regions that are to be covered no more. Making it starts nothing. */
export function departures(given: Omit<DepartureParts, 'now'> & Partial<DepartureParts>): Departures {
  const parts: DepartureParts = { now: () => new Date(), ...given };
  const { store, settings, wake } = parts;
  return {
    consider: (listing) => consider(parts, listing),
    covers: (account) => covers(settings, account),
    async standing(key) {
      const place = placeOfKey(key);
      const account = place && (await store.accounts.get(place.accountId));
      return place && account ? decide(settings, account, place.region) : { kind: 'wanted' };
    },
    reconcile: (key, lease) => reconcile(parts, key, lease),
    async strays(accountId, wanted) {
      const stacks = await store.stacks.ofAccount(accountId);
      return stacks
        .filter(({ kind, key }) => kind === 'region' && !wanted.includes(key as StackKey))
        .map(({ key }) => key as StackKey);
    },
    async retry(accountIds) {
      const keys = await store.departures.forgive(stalledAfter, accountIds);
      if (keys.length > 0) await wake(keys);
    },
    async confirm(id, digest, by) {
      const confirmed = await answer(store, { id, digest, by, state: 'confirmed' }, await store.now());
      await wake(confirmed.stacks.map(({ key }) => key));
      return confirmed;
    },
    refuse: async (id, digest, by) => answer(store, { id, digest, by, state: 'refused' }, await store.now()),
  };
}
