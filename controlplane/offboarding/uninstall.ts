import type { Lease } from '../queue/leases.ts';
import { type Result, requeueAfter, stalledAfter } from '../queue/result.ts';
import { type OrganizationFact, organizationFact } from '../reconcile/organization.ts';
import { PortcullisError } from '../settings/errors.ts';
import { accountKey, hubKey, organizationKey, placeOfKey, type StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Offboarding } from '../store/offboarding.ts';
import type { StackRecord } from '../store/stacks.ts';
import { hubAttempt, type Uninstall } from '../store/uninstall.ts';
import { isGivenUp } from './attempt.ts';
import { setStackReady } from './conditions.ts';
import type { OffboardingContext } from './context.ts';
import { decideRegion } from './decide.ts';
import { archiveStack, destroyStack, type OffboardingStack } from './destroy.ts';
import { checkAccess } from './observe.ts';
import { minute, second, stay } from './stay.ts';

/** Refusals after which an account is left as it is. Counted only while the hub account allows access. */
const refusalsUntilLeft = 3;
const hour = 60 * minute;

/** A stack that an uninstall has not removed. */
export interface RemainingStack {
  readonly key: string;
  readonly accountId: string;
  /** Why it remains; null while it waits for its turn. */
  readonly why: string | null;
  /** It is retried once an hour only: a person has to act. */
  readonly left: boolean;
}

export interface UninstallView {
  /** `stuck`: all that remains waits for a person. `finished`: the hub is removed; what remains is left. */
  readonly state: 'none' | 'in-progress' | 'stuck' | 'finished';
  readonly by: string | null;
  readonly requestedAt: string | null;
  readonly finishedAt: string | null;
  readonly remaining: number;
  /** How many of them are left as they are. */
  readonly left: number;
  /** The first of them, those that are left before the others. */
  readonly stacks: readonly RemainingStack[];
}

const mostStacks = 200;

const isLeft = (stack: StackRecord, offboarding: Offboarding | undefined): boolean =>
  offboarding !== undefined &&
  offboarding.doneAt === null &&
  (offboarding.refusals >= refusalsUntilLeft || isGivenUp(stack, offboarding, 'destroy'));

/** What is not removed yet. An account's stack whose Region stack is left is left too. */
async function remaining({ store }: Pick<OffboardingContext, 'store'>, request: Uninstall) {
  const stacks = await store.stacks.list();
  const open = new Map((await store.offboarding.open()).map((each) => [each.key, each]));
  const own = (stack: StackRecord) =>
    stack.key === hubKey
      ? stack.failures >= stalledAfter && stack.failedGeneration === hubAttempt(request)
      : isLeft(stack, open.get(stack.key));
  const closed = new Set(
    stacks.filter((stack) => stack.kind === 'region' && own(stack)).map(({ accountId }) => accountId),
  );
  return stacks.map((stack): RemainingStack => {
    const { key, kind, accountId, conditions } = stack;
    const left = own(stack) || (kind === 'account' && closed.has(accountId));
    const failed = conditions.Ready?.status === 'True' ? undefined : conditions.Ready?.message;
    return { key, accountId, why: failed || null, left };
  });
}

const none: UninstallView = {
  state: 'none',
  by: null,
  requestedAt: null,
  finishedAt: null,
  remaining: 0,
  left: 0,
  stacks: [],
};

/** Reads only the store. */
export async function viewUninstall(context: Pick<OffboardingContext, 'store'>): Promise<UninstallView> {
  const request = await context.store.uninstall.get();
  if (!request) return none;
  const { by, requestedAt, finishedAt } = request;
  const all = await remaining(context, request);
  const left = all.filter((each) => each.left).length;
  // Without a hub, its own step records the end.
  const isStuck = left === all.length && all.some(({ key }) => key === hubKey);
  const state = finishedAt ? 'finished' : isStuck ? 'stuck' : 'in-progress';
  const stacks = all.toSorted((a, b) => Number(b.left) - Number(a.left)).slice(0, mostStacks);
  return { state, by, requestedAt, finishedAt, remaining: all.length, left, stacks };
}

/** Why the hub has to wait; undefined once every other stack is removed, or left as it is. */
export async function whyHubWaits(
  context: Pick<OffboardingContext, 'store'>,
  request: Uninstall,
): Promise<string | undefined> {
  const others = (await remaining(context, request)).filter(({ key, left }) => key !== hubKey && !left);
  return others.length > 0 ? `the hub is removed last; ${others.length} stacks remain` : undefined;
}

/**
 * Stops the reconciling of the whole organization and has every stack removed, the hub last. Asked again, what was
 * left is tried again.
 * @throws PortcullisError `conflict` where the organization was never read, `invalid-request` for another organization
 */
export async function requestUninstall(
  context: OffboardingContext,
  organizationId: string,
  by: string,
): Promise<UninstallView> {
  const { store, enqueue, log } = context;
  const known = (await store.facts.get<OrganizationFact>(organizationFact))?.value;
  if (!known)
    throw new PortcullisError('conflict', 'the organization was never read, so nothing is installed');
  if (organizationId !== known.id)
    throw new PortcullisError(
      'invalid-request',
      `confirm: write the id of the organization that this installation works on; ${organizationId} is another`,
    );
  await store.uninstall.request(by);
  await context.startWork?.();
  log.warn({ by }, 'the installation is being uninstalled');
  await enqueue([organizationKey]);
  return viewUninstall(context);
}

/** Lets the installation work again. @throws PortcullisError `conflict` where it was not uninstalled */
export async function requestReinstall(context: OffboardingContext, by: string): Promise<UninstallView> {
  const { store, enqueue, log } = context;
  if (!(await store.uninstall.end(by)))
    throw new PortcullisError('conflict', 'the installation was not uninstalled');
  log.warn({ by }, 'the installation is begun again');
  await enqueue([hubKey, organizationKey]);
  return viewUninstall(context);
}

/** Records that an account refuses, and leaves it as it is after some refusals in a row. */
async function refused(
  context: OffboardingContext,
  { key, account, stack }: OffboardingStack,
  message: string,
): Promise<Result> {
  const refusals = await context.store.offboarding.refused(key);
  const waits = requeueAfter(refusals < refusalsUntilLeft ? 10 * second : hour, 'NotReachable', message);
  return stay(context, { stack, account, status: 'False' }, waits);
}

/** Region stacks are removed before their account's stack, whose roles they use. */
async function regionsFirst(
  { store, enqueue }: OffboardingContext,
  { id }: AccountRecord,
): Promise<Result | undefined> {
  const stacks = (await store.stacks.ofAccount(id)).filter(({ kind }) => kind === 'region');
  if (stacks.length === 0) return undefined;
  const open = new Map((await store.offboarding.open()).map((each) => [each.key, each]));
  const pending = stacks.filter((stack) => !isLeft(stack, open.get(stack.key))).map(({ key }) => key);
  await enqueue(pending);
  const keys = stacks.map(({ key }) => key).join(', ');
  return requeueAfter(
    pending.length > 0 ? 5 * second : hour,
    'PrerequisiteFailed',
    `its Region stacks are removed first: ${keys}`,
  );
}

/** Removes one stack of an account, or says why it stays. Throws only when the store fails. */
export async function uninstallStack(
  context: OffboardingContext,
  request: Uninstall,
  key: StackKey,
  lease: Lease,
): Promise<Result> {
  const { store, aws, settings } = context;
  const place = placeOfKey(key);
  const stack = await store.stacks.get(key);
  if (!place || !stack) return { kind: 'ok' };
  const account = await store.accounts.get(place.accountId);
  if (!account) return requeueAfter(hour, 'NotReachable', `account ${place.accountId} was never listed`);
  const recorded = await store.offboarding.get(key);
  if (!recorded || recorded.doneAt || !recorded.clearedAt) await store.uninstall.clear(request, key);
  const offboarding = await store.offboarding.get(key);
  if (!offboarding) return requeueAfter(second, 'Waiting', 'its removal is being recorded');
  const first = place.region ? undefined : await regionsFirst(context, account);
  if (first) {
    if ('message' in first)
      await setStackReady(context, stack, {
        status: 'False',
        reason: 'PrerequisiteFailed',
        message: first.message,
      });
    return first;
  }
  const leaving = { key, offboarding, account, stack, lease };
  if (account.state === 'SUSPENDED' || account.state === 'CLOSED')
    return archiveStack(context, leaving, `${offboarding.because}; the account is ${account.state}`);
  const access = await checkAccess(aws, account.id, settings.hub);
  if (access.kind === 'doubt')
    return stay(
      context,
      { stack, account, status: 'Unknown' },
      requeueAfter(minute, 'NotReachable', `access could not be checked: ${access.message}`),
    );
  if (access.kind === 'refused')
    return refused(context, leaving, `the account denies access: ${access.message}`);
  const wanted = { kind: 'destroy', because: offboarding.because } as const;
  const decision = place.region
    ? decideRegion(place.region, wanted, undefined, access.statusOf(place.region))
    : wanted;
  if (decision.kind === 'archive') return archiveStack(context, leaving, decision.because);
  return destroyStack(context, leaving);
}

/** The keys whose stacks remain, Regions before accounts, then the hub. */
export async function uninstallKeys({ store }: Pick<OffboardingContext, 'store'>): Promise<StackKey[]> {
  const stacks = (await store.stacks.list()).filter(({ kind }) => kind !== 'hub');
  const regions = stacks.filter(({ kind }) => kind === 'region').map(({ key }) => key as StackKey);
  const alone = new Set(stacks.filter(({ kind }) => kind === 'account').map(({ accountId }) => accountId));
  for (const { kind, accountId } of stacks) if (kind === 'region') alone.delete(accountId);
  return [...regions, ...[...alone].map(accountKey), hubKey];
}
