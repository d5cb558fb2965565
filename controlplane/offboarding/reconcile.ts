import type { Lease } from '../queue/leases.ts';
import { type Result, requeueAfter } from '../queue/result.ts';
import { mismatchRetryMs } from '../queue/workers.ts';
import { organizationKey, placeOfKey, type StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Offboarding } from '../store/offboarding.ts';
import type { StackRecord } from '../store/stacks.ts';
import type { OffboardingContext } from './context.ts';
import { type Decision, decideAccount, decideRegion } from './decide.ts';
import { archiveStack, destroyStack, type OffboardingStack } from './destroy.ts';
import { type AccountAccess, checkAccess } from './observe.ts';
import { foundDisabled } from './question.ts';
import { keptSentence, readTerms, type Terms } from './scope.ts';
import { hold, minute, second, stay, uncleared } from './stay.ts';

/** Refusals after which a departed account's stacks are archived. Counted only while the hub account allows access. */
const refusalsUntilArchived = 3;

/** Decides by the account's record and the scope; the caller inspects the Region. */
function decide(
  { settings }: Pick<OffboardingContext, 'settings'>,
  { scope, before }: Terms,
  account: AccountRecord,
  region: string | undefined,
): Decision {
  // Without a known scope everything made stays.
  if (!scope && account.state === 'ACTIVE') return { kind: 'wanted' };
  const whole = decideAccount(
    account,
    scope ?? { regions: null, organizationalUnits: null, exclude: [] },
    before,
  );
  const regions = settings.layout === 'region' ? scope?.regions : undefined;
  return region ? decideRegion(region, whole, regions, undefined) : whole;
}

/** Whether a person confirmed the removal of a stack that the settings leave out. */
const isConfirmed = (offboarding: Offboarding | undefined): boolean =>
  offboarding?.foundBy === 'setting' &&
  offboarding.doneAt === null &&
  offboarding.clearedAt !== null &&
  offboarding.confirmationId !== null;

/** Region stacks are destroyed before their account's stack, whose roles they use. */
async function regionsFirst(
  { store, enqueue }: OffboardingContext,
  account: AccountRecord,
): Promise<Result | undefined> {
  const left = (await store.stacks.ofAccount(account.id)).filter(({ kind }) => kind === 'region');
  if (left.length === 0) return undefined;
  const keys = left.map(({ key }) => key);
  await enqueue(keys);
  return requeueAfter(
    30 * second,
    'PrerequisiteFailed',
    `its Region stacks are destroyed first: ${keys.join(', ')}`,
  );
}

/** Destroys, archives or keeps a cleared stack, by the result of the access check. */
async function destroyOrArchive(
  context: OffboardingContext,
  leaving: OffboardingStack,
  access: AccountAccess,
): Promise<Result> {
  const { store } = context;
  const { account, offboarding, stack } = leaving;
  const unsure = (message: string) =>
    stay(context, { stack, account, status: 'Unknown' }, requeueAfter(minute, 'NotReachable', message));
  if (access.kind === 'doubt') return unsure(`access could not be checked: ${access.message}`);
  if (access.kind === 'reached') {
    const decision = stack.region
      ? decideRegion(
          stack.region,
          { kind: 'destroy', because: offboarding.because },
          undefined,
          access.statusOf(stack.region),
        )
      : ({ kind: 'destroy', because: offboarding.because } as const);
    if (decision.kind === 'archive') return archiveStack(context, leaving, decision.because);
    if (decision.kind === 'destroy') return destroyStack(context, leaving);
    return unsure('because' in decision ? decision.because : '');
  }
  const refusals = await store.offboarding.refused(offboarding.key);
  const message = `${offboarding.because}; the account denies access: ${access.message}`;
  if (account.state === 'DEPARTED' && refusals >= refusalsUntilArchived)
    return archiveStack(context, leaving, message);
  const refused = { stack, account, status: 'False' } as const;
  if (account.state === 'ACTIVE')
    return stay(context, refused, { kind: 'error', failures: refusals, message });
  const ms = account.state === 'DEPARTED' ? 30 * second : 5 * minute;
  return stay(context, refused, requeueAfter(ms, 'NotReachable', message));
}

/** Whether a desired Region was missing from the last inspection. */
const isMissing = ({ regions }: AccountRecord, region: string): boolean =>
  !regions.some((each) => each.region === region);

/** Asks EC2 whether a desired Region that the last inspection missed is disabled. */
async function inspectRegion(
  context: OffboardingContext,
  key: StackKey,
  { account, region, stack }: { account: AccountRecord; region: string; stack: StackRecord },
): Promise<Result | 'disabled' | undefined> {
  const { store, aws, settings } = context;
  const access = await checkAccess(aws, account.id, settings.hub);
  const unsure = (message: string) =>
    stay(context, { stack, status: 'Unknown' }, requeueAfter(minute, 'NotReachable', message));
  if (access.kind !== 'reached') return unsure(`${region} was not found; ${access.message}`);
  const decision = decideRegion(region, { kind: 'wanted' }, undefined, access.statusOf(region));
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

interface Found {
  readonly key: StackKey;
  readonly account: AccountRecord;
  readonly region: string | undefined;
  readonly stack: StackRecord | undefined;
}

/** A covered key is reconciled as usual, unless the last inspection did not find its Region. */
async function stayCovered(
  context: OffboardingContext,
  found: Found,
): Promise<Result | 'disabled' | undefined> {
  const { key, account, region, stack } = found;
  if (!region || !stack || !isMissing(account, region)) return undefined;
  return inspectRegion(context, key, { account, region, stack });
}

/** Destroys or archives a cleared stack, or records why it stays. */
async function offboard(
  context: OffboardingContext,
  { key, account, region, stack }: Found & { readonly stack: StackRecord },
  decision: Decision,
  lease: Lease,
): Promise<Result> {
  const { store, settings, aws, enqueue } = context;
  const offboarding = await store.offboarding.get(key);
  const isMore = offboarding?.what === 'archive' && decision.kind === 'destroy';
  if (!offboarding || offboarding.doneAt || isMore) await enqueue([organizationKey]);
  if (!offboarding?.clearedAt || offboarding.doneAt || isMore)
    return hold(context, stack, await uncleared(context, 'listing'));
  const mismatch = await context.configurationMismatch?.();
  if (mismatch) return hold(context, stack, requeueAfter(mismatchRetryMs, 'Waiting', mismatch));
  const first = region ? undefined : await regionsFirst(context, account);
  if (first) return first;
  const leaving = { key, offboarding: offboarding, account, stack, lease };
  return decision.kind === 'destroy'
    ? destroyOrArchive(context, leaving, await checkAccess(aws, account.id, settings.hub))
    : archiveStack(context, leaving, offboarding.because);
}

/** Whether a stack that the settings leave out stays covered, because no person has confirmed its removal. */
async function isKept(
  { store, enqueue }: OffboardingContext,
  decision: Decision,
  key: StackKey,
): Promise<boolean> {
  if (decision.kind !== 'destroy' || !decision.bySetting) return false;
  const offboarding = await store.offboarding.get(key);
  if (!offboarding || offboarding.doneAt) await enqueue([organizationKey]);
  return !isConfirmed(offboarding);
}

/** See `Offboarding.reconcile`. */
export async function reconcile(
  context: OffboardingContext,
  key: StackKey,
  lease: Lease,
): Promise<Result | undefined> {
  const { store } = context;
  const place = placeOfKey(key);
  const account = place && (await store.accounts.get(place.accountId));
  if (!place || !account) return undefined;
  const { region } = place;
  const terms = await readTerms(context);
  const decision = decide(context, terms, account, region);
  const stack = await store.stacks.get(key);
  const found = { key, account, region, stack };
  if (!terms.scope && !stack) return requeueAfter(minute, 'PrerequisiteFailed', keptSentence(terms));
  if (decision.kind === 'unknown')
    return stay(
      context,
      { stack, account, status: 'Unknown' },
      requeueAfter(minute, 'NotReachable', decision.because),
    );
  if (decision.kind === 'wanted' || (stack && (await isKept(context, decision, key)))) {
    const covered = await stayCovered(context, found);
    if (covered !== 'disabled') return covered;
    return stack ? offboard(context, { ...found, stack }, { kind: 'wanted' }, lease) : { kind: 'ok' };
  }
  if (!stack) return { kind: 'ok' };
  if (terms.wrong) return hold(context, stack, requeueAfter(10 * minute, 'Waiting', keptSentence(terms)));
  return offboard(context, { ...found, stack }, decision, lease);
}
