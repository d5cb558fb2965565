import { covers, remarksOn } from '../organization/fleet-scope.ts';
import type { Organization } from '../organization/listing.ts';
import { priorities } from '../queue/key-queue.ts';
import { PortcullisError } from '../settings/errors.ts';
import { mark } from '../stacks/conditions.ts';
import { accountKey, type StackKey } from '../stacks/key.ts';
import type { StackToOffboard } from '../stacks/offboarding.ts';
import type { AccountRecord } from '../store/accounts.ts';
import { expire } from '../store/confirmations.ts';
import type { Query } from '../store/database/database.ts';
import { confirmedAccounts, deletionsSince, rememberActive } from '../store/deletions.ts';
import { factStore } from '../store/facts.ts';
import {
  dropAll,
  holdAgain,
  type Offboarding,
  openOffboardings,
  type RecordedStack,
  recordOffboardings,
} from '../store/offboarding.ts';
import { announceQuestion } from './announce.ts';
import { isGivenUp } from './attempt.ts';
import type { OffboardingContext, OffboardingSettings } from './context.ts';
import { type DecidedStack, decideCells, decideStacks } from './decided-stacks.ts';
import { guard } from './guard.ts';
import { type Asked, heldSentence, type QuestionContext, settle } from './question.ts';
import {
  consideredBy,
  hasMoreRegions,
  keptSentence,
  readScope,
  scopeFact,
  scopeOf,
  type Terms,
  termsOf,
} from './scope.ts';

const day = 24 * 3_600_000;

/** A disabled Region that the last inspection found enabled again. */
const isEnabledAgain = ({ foundBy, region }: Offboarding, account: AccountRecord | undefined): boolean =>
  foundBy === 'region' && (account?.regions.some((each) => each.region === region) ?? false);

interface Listed extends QuestionContext {
  readonly accounts: ReadonlyMap<string, AccountRecord>;
  readonly decided: readonly DecidedStack[];
  readonly settings: OffboardingSettings;
}

export const isBySetting = ({ decision }: DecidedStack): boolean =>
  decision.kind === 'destroy' && decision.bySetting === true;

/** Records stacks that left scope. Deletes and returns the records of stacks that are in scope again. */
async function record(query: Query, { accounts, decided, at }: Listed): Promise<Offboarding[]> {
  const departing = (bySetting: boolean) =>
    decided.flatMap((each): StackToOffboard[] => {
      const { stack, decision } = each;
      const { key, accountId, region } = stack;
      const departs = decision.kind === 'destroy' || decision.kind === 'archive';
      return departs && isBySetting(each) === bySetting
        ? [{ key, accountId, region, what: decision.kind, because: decision.because }]
        : [];
    });
  await recordOffboardings(query, departing(false), 'listing', at);
  await recordOffboardings(query, departing(true), 'setting', at);
  const decisions = new Map(decided.map(({ stack, decision }) => [stack.key, decision.kind]));
  const over = (await openOffboardings(query)).filter((each) => {
    const kind = decisions.get(each.key);
    if (kind === undefined) return true; // the stack no longer exists
    return (
      kind === 'wanted' && (each.foundBy !== 'region' || isEnabledAgain(each, accounts.get(each.accountId)))
    );
  });
  await dropAll(
    query,
    over.map(({ key }) => key),
  );
  return over.filter(({ key }) => decisions.get(key) === 'wanted');
}

async function recordAndGuard(
  query: Query,
  listed: Listed,
): Promise<{ readonly asked: Asked[]; readonly back: readonly Offboarding[] }> {
  const { accounts, decided, settings, names, at } = listed;
  const from = new Date(at.getTime() - day);
  await holdAgain(query, await expire(query, at));
  const back = await record(query, listed);
  const facts = factStore({ query });
  const leavesOut = decided.some(isBySetting);
  await facts.set(scopeFact, consideredBy(await readScope(facts), scopeOf(settings), leavesOut));
  const listedActive = [...accounts.values()].filter(({ state }) => state === 'ACTIVE').map(({ id }) => id);
  const remembered = await rememberActive(query, listedActive, at, from);
  const hold = guard({
    recordedActive: new Set([...remembered, ...decided.map(({ stack }) => stack.accountId)]),
    listedActive: new Set(listedActive),
    confirmed: new Set(await confirmedAccounts(query)),
    deletions: await deletionsSince(query, from),
    settings,
  });
  return { asked: await settle(query, hold, { names, at }), back };
}

export interface ConsiderResult {
  /** Cleared, still present and not given up; Regions before their accounts. */
  readonly keysToEnqueue: readonly StackKey[];
  readonly held: string | undefined;
  readonly remarks: readonly string[];
}

/** The decision for each recorded stack and cell. */
export async function decideAll(
  { store, settings }: Pick<OffboardingContext, 'store' | 'settings'>,
  { before }: Terms,
  accounts: ReadonlyMap<string, AccountRecord>,
): Promise<DecidedStack[]> {
  const terms = { ...scopeOf(settings), layout: settings.layout, before };
  const decided = decideStacks(accounts, await store.offboarding.stacks(), terms);
  return [...decided, ...decideCells(accounts, decided, terms)];
}

/**
 * Enqueues accounts with stacks that are in scope again, or whose settings name more Regions than before, so that
 * they do not wait for the resync. Runs before the new scope is recorded: after a crash in between it runs again.
 */
async function enqueueReturned(
  context: OffboardingContext,
  accounts: readonly AccountRecord[],
): Promise<void> {
  const { store, settings, enqueue } = context;
  const considered = (await readScope(store.facts))?.considered;
  if (!considered) return;
  const more = hasMoreRegions(considered, scopeOf(settings));
  const made = new Set((await store.stacks.accounts()).map(({ accountId }) => accountId));
  const keys = accounts
    .filter((account) => account.state === 'ACTIVE' && made.has(account.id) && covers(settings, account))
    .filter((account) => more || !covers(considered, account))
    .map(({ id }) => accountKey(id));
  if (keys.length > 0) await enqueue(keys, priorities.request);
}

/** Reports each new question once, in the log and on the alarm topic. Returns all open questions in one sentence. */
async function announce(context: OffboardingContext, asked: readonly Asked[]): Promise<string | undefined> {
  for (const { confirmation, fresh } of asked) {
    if (!fresh) continue;
    const { id, stacks } = confirmation;
    context.log.warn({ confirmation: id, stacks: stacks.length }, heldSentence(confirmation));
    await announceQuestion(context, confirmation);
  }
  return asked.length > 0
    ? asked.map(({ confirmation }) => heldSentence(confirmation)).join('. ')
    : undefined;
}

/** Keys that are cleared, still present and not given up; Regions before their accounts. */
async function cleared(context: OffboardingContext, stacks: readonly RecordedStack[]): Promise<StackKey[]> {
  const known = new Map(stacks.map((stack) => [stack.key, stack]));
  return (await context.store.offboarding.open())
    .filter(({ clearedAt }) => clearedAt !== null)
    .filter((each) => !isGivenUp(known.get(each.key), each, each.what))
    .sort((a, b) => Number(a.region === null) - Number(b.region === null))
    .map(({ key, foundBy, region, accountId }) =>
      // In this layout the next update of the account stack removes the Region.
      foundBy === 'setting' && region !== null && context.settings.layout === 'account'
        ? accountKey(accountId)
        : (key as StackKey),
    );
}

/**
 * Evaluates all recorded stacks after a complete listing: what leaves scope, what the guard allows, and what a person
 * must confirm. One step under a lock.
 * @throws PortcullisError `invalid-environment` when the scope names something that does not exist; nothing is
 * changed then
 */
export async function consider(
  context: OffboardingContext,
  { organization, readAt }: { organization: Organization; readAt: Date },
): Promise<ConsiderResult> {
  const { store, settings, now } = context;
  const terms = termsOf(await readScope(store.facts), settings);
  if (terms.wrong) throw new PortcullisError('invalid-environment', keptSentence(terms));
  const records = await store.accounts.list();
  const accounts = new Map(records.map((account) => [account.id, account]));
  const names = new Map(records.map(({ id, name }) => [id, name]));
  await enqueueReturned(context, records);
  const decided = await decideAll(context, terms, accounts);
  const { asked, back } = await store.offboarding.alone((query) =>
    recordAndGuard(query, { accounts, decided, settings, names, at: readAt }),
  );
  // Other stacks of the same account may be deleted already.
  if (back.length > 0)
    await context.enqueue(
      [...new Set(back.map(({ accountId }) => accountKey(accountId)))],
      priorities.request,
    );
  await store.archivedStacks.markReturned(now());
  await markOutOfScope(context, records, new Set(decided.map(({ stack }) => stack.accountId)));
  const held = await announce(context, asked);
  const keysToEnqueue = await cleared(
    context,
    decided.map(({ stack }) => stack),
  );
  return { keysToEnqueue, held, remarks: remarksOn(settings, organization) };
}

/** Without this condition, a reader of the account does not know why it is not covered. */
async function markOutOfScope(
  { store, settings, now }: OffboardingContext,
  records: readonly AccountRecord[],
  withStacks: ReadonlySet<string>,
): Promise<void> {
  for (const account of records) {
    const { id, state, conditions } = account;
    const isLeftOut = state === 'ACTIVE' && !withStacks.has(id) && !covers(settings, account);
    if (!isLeftOut || conditions.Ready?.reason === 'OutOfScope') continue;
    const Ready = { status: 'False', reason: 'OutOfScope', message: 'out of scope' } as const;
    await store.accounts.setConditions(id, mark(conditions, { Ready }, now().toISOString()));
  }
}
