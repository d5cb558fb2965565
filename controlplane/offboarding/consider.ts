import { covers, remarksOn, requireKnown } from '../organization/fleet-scope.ts';
import type { Organization } from '../organization/listing.ts';
import { PortcullisError } from '../settings/errors.ts';
import { mark } from '../stacks/conditions.ts';
import type { StackKey } from '../stacks/key.ts';
import type { Hold, StackToOffboard } from '../stacks/offboarding.ts';
import type { AccountRecord } from '../store/accounts.ts';
import { ask, type Confirmation, decide, expire, standing, supersede } from '../store/confirmations.ts';
import type { Query } from '../store/database/database.ts';
import {
  clear,
  confirmedAccounts,
  deletionsSince,
  dropAll,
  holdAgain,
  holdUnconfirmed,
  type Offboarding,
  openOffboardings,
  type RecordedStack,
  recordOffboardings,
  rememberActive,
} from '../store/offboarding.ts';
import type { Store } from '../store/store.ts';
import { announceQuestion } from './announce.ts';
import { isGivenUp } from './attempt.ts';
import type { OffboardingContext, OffboardingSettings } from './context.ts';
import { type Decision, decideAccount, decideRegion } from './decide.ts';
import { describeSet, digestOf, guard } from './guard.ts';

const day = 24 * 3_600_000;

/** What is to become of every recorded stack, by the listing and the settings alone. Pure. */
export function decideStacks(
  accounts: ReadonlyMap<string, AccountRecord>,
  stacks: readonly RecordedStack[],
  settings: OffboardingSettings,
): { readonly stack: RecordedStack; readonly decision: Decision }[] {
  return stacks.map((stack) => {
    const account = accounts.get(stack.accountId);
    if (!account) return { stack, decision: { kind: 'unknown', because: 'the account was never listed' } };
    const whole = decideAccount(account, settings);
    const isRegion = stack.kind === 'region' && stack.region !== null;
    const decision = isRegion
      ? decideRegion(
          stack.region,
          whole,
          settings.layout === 'region' ? settings.regions : undefined,
          undefined,
        )
      : whole;
    return { stack, decision };
  });
}

const isHeldBy = (hold: Confirmation['hold'] | Hold['kind'], { what, clearedAt }: Offboarding): boolean =>
  clearedAt === null && (hold === 'everything' || (hold === 'deletions' && what === 'destroy'));

interface AccountNames {
  readonly names: ReadonlyMap<string, string>;
  readonly at: Date;
}

/** Clears what the guard lets go and asks a person about the rest; what stands between, if anything does. */
async function settle(query: Query, hold: Hold, { names, at }: AccountNames) {
  if (hold.kind === 'everything') await holdUnconfirmed(query);
  const open = await openOffboardings(query);
  const held = open.filter((each) => isHeldBy(hold.kind, each));
  const free = open.filter((each) => each.clearedAt === null && !held.includes(each));
  await clear(
    query,
    free.map(({ key }) => key),
    null,
    at,
  );
  if (hold.kind === 'nothing' || held.length === 0) {
    await supersede(query, undefined);
    return undefined;
  }
  const stacks = held.map(({ key, accountId, region, what, because }) => ({
    ...{ key, accountId, region, what, because },
    accountName: names.get(accountId) ?? '',
  }));
  const about = describeSet(held);
  return ask(query, { digest: digestOf(held), hold: hold.kind, why: hold.why, about, stacks }, at);
}

/** A Region that was found disabled and is enabled again by the last survey. */
const isEnabledAgain = ({ foundBy, region }: Offboarding, account: AccountRecord | undefined): boolean =>
  foundBy === 'region' && (account?.regions.some((each) => each.region === region) ?? false);

interface Listed extends AccountNames {
  readonly accounts: ReadonlyMap<string, AccountRecord>;
  readonly decided: ReturnType<typeof decideStacks>;
  readonly settings: OffboardingSettings;
}

async function recordAndGuard(query: Query, { accounts, decided, settings, names, at }: Listed) {
  const from = new Date(at.getTime() - day);
  await holdAgain(query, await expire(query, at));
  const departing = decided.flatMap(({ stack: { key, accountId, region }, decision }): StackToOffboard[] =>
    decision.kind === 'destroy' || decision.kind === 'archive'
      ? [{ key, accountId, region, what: decision.kind, because: decision.because }]
      : [],
  );
  await recordOffboardings(query, departing, 'listing', at);
  const decisions = new Map(decided.map(({ stack, decision }) => [stack.key, decision.kind]));
  const over = (await openOffboardings(query)).filter((each) => {
    const kind = decisions.get(each.key);
    if (kind === undefined) return true; // no such stack any more
    return (
      kind === 'wanted' && (each.foundBy === 'listing' || isEnabledAgain(each, accounts.get(each.accountId)))
    );
  });
  await dropAll(
    query,
    over.map(({ key }) => key),
  );
  const listedActive = [...accounts.values()].filter(({ state }) => state === 'ACTIVE').map(({ id }) => id);
  const remembered = await rememberActive(query, listedActive, at, from);
  const hold = guard({
    recordedActive: new Set([...remembered, ...decided.map(({ stack }) => stack.accountId)]),
    listedActive: new Set(listedActive),
    confirmed: new Set(await confirmedAccounts(query)),
    deletions: await deletionsSince(query, from),
    settings,
  });
  return settle(query, hold, { names, at });
}

export interface ConsiderResult {
  /** Cleared, not gone yet and not given up, Regions before their accounts. */
  readonly keysToEnqueue: readonly StackKey[];
  /** What waits for a person, in a sentence. */
  readonly held: string | undefined;
  readonly remarks: readonly string[];
}

/** How a person finds out what waits and answers. */
export const heldSentence = ({ id, state, why, about }: Confirmation): string =>
  state === 'refused'
    ? `left as it is: ${about}, which was refused (confirmation ${id})`
    : `a person has to confirm: ${about}, because ${why}; portcullis confirm ${id}, or refuse`;

/**
 * Goes through everything recorded after a complete listing, all in one step under a lock: what departs, what the
 * guard says to it, and what a person is asked.
 * @throws PortcullisError `invalid-environment` where the scope names what does not exist
 */
export async function consider(
  context: OffboardingContext,
  { organization, readAt }: { organization: Organization; readAt: Date },
): Promise<ConsiderResult> {
  const { store, settings, log, now } = context;
  const records = await store.accounts.list();
  requireKnown(settings, organization, new Set(records.map(({ id }) => id)));
  const accounts = new Map(records.map((account) => [account.id, account]));
  const names = new Map(records.map(({ id, name }) => [id, name]));
  const decided = decideStacks(accounts, await store.offboarding.stacks(), settings);
  const asked = await store.offboarding.alone((query) =>
    recordAndGuard(query, { accounts, decided, settings, names, at: readAt }),
  );
  await store.archivedStacks.markReturned(now());
  await markOutOfScope(context, records, new Set(decided.map(({ stack }) => stack.accountId)));
  const held = asked && heldSentence(asked.confirmation);
  if (asked?.fresh) {
    const { id, stacks } = asked.confirmation;
    log.warn({ confirmation: id, stacks: stacks.length }, held);
    await announceQuestion(context, asked.confirmation);
  }
  const stacks = new Map(decided.map(({ stack }) => [stack.key, stack]));
  const enqueue = (await store.offboarding.open())
    .filter(({ clearedAt }) => clearedAt !== null)
    .filter((each) => !isGivenUp(stacks.get(each.key), each, each.what))
    .sort((a, b) => Number(a.region === null) - Number(b.region === null))
    .map(({ key }) => key as StackKey);
  return { keysToEnqueue: enqueue, held, remarks: remarksOn(settings, organization) };
}

/** Accounts that nothing was made in and that are out of scope say so, or nobody knew why they are not covered. */
async function markOutOfScope(
  { store, settings, now }: OffboardingContext,
  records: readonly AccountRecord[],
  withStacks: ReadonlySet<string>,
): Promise<void> {
  for (const account of records) {
    const { id, state, conditions } = account;
    const isLeftOut = state === 'ACTIVE' && !withStacks.has(id) && !covers(settings, account);
    if (!isLeftOut || conditions.Ready?.reason === 'OutOfScope') continue;
    const change = { status: 'False', reason: 'OutOfScope', message: 'out of scope' } as const;
    const { Ready } = mark(conditions, { Ready: change }, now().toISOString());
    if (Ready) await store.accounts.setConditions(id, { Ready });
  }
}

/**
 * A person's word on a confirmation; confirmed, exactly its stacks may go.
 * @throws PortcullisError `not-found`, or `conflict` where the question is over or the set has changed since
 */
export function answer(
  { offboarding }: Pick<Store, 'offboarding'>,
  word: Parameters<typeof decide>[1],
  at: Date,
): Promise<Confirmation> {
  return offboarding.alone(async (query) => {
    const { confirmation, fresh } = await decide(query, word, at);
    if (!fresh || confirmation.state !== 'confirmed') return confirmation;
    const held = (await openOffboardings(query)).filter((each) => isHeldBy(confirmation.hold, each));
    if (digestOf(held) !== confirmation.digest) {
      throw new PortcullisError(
        'conflict',
        `confirmation ${word.id} is about a set that has changed since; GET /v1/confirmations shows what is asked by now`,
      );
    }
    await clear(
      query,
      held.map(({ key }) => key),
      word.id,
      at,
    );
    return confirmation;
  });
}

/** Records a stack whose Region was found out of reach; it may go at once unless everything is held. */
export function foundDisabled(
  { offboarding }: Pick<Store, 'offboarding'>,
  departing: StackToOffboard,
  at: Date,
): Promise<void> {
  return offboarding.alone(async (query) => {
    await recordOffboardings(query, [departing], 'region', at);
    if ((await standing(query))?.hold !== 'everything') await clear(query, [departing.key], null, at);
  });
}
