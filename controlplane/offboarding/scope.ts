import { type CoveredScope, covers, unknownName } from '../organization/fleet-scope.ts';
import type { Organization } from '../organization/listing.ts';
import type { Settings } from '../settings/environment.ts';
import { accountKey, regionKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import { type FactStore, factStore } from '../store/facts.ts';
import type { OffboardingContext } from './context.ts';

/** What is remembered of scopes, the same for all workers. */
export interface ScopeRecord {
  /** The last scope that everything made was in: it was so from the first, or a person confirmed what it leaves out. */
  readonly confirmed: CoveredScope | null;
  /** Scopes of settings since then, by which something may have been made. */
  readonly others: readonly CoveredScope[];
  /** The scope that the organization was considered by last. */
  readonly considered: CoveredScope | null;
  /** What the settings name and the organization does not have; the confirmed scope is kept then. */
  readonly wrong: string | null;
}

/** The name of the fact. */
export const scopeFact = 'scope';

const everything: CoveredScope = { regions: null, organizationalUnits: null, exclude: [] };
const nothingNoted: ScopeRecord = { confirmed: null, others: [], considered: null, wrong: null };

const sorted = (names: readonly string[]) => [...new Set(names)].sort();

/** The scope that settings ask for; equal scopes are equal text, in whatever order they were written. Pure. */
export const scopeOf = (
  settings: Pick<Settings, 'regions' | 'organizationalUnits' | 'exclude'>,
): CoveredScope => ({
  regions: settings.regions ? sorted(settings.regions) : null,
  organizationalUnits: settings.organizationalUnits ? sorted(settings.organizationalUnits) : null,
  exclude: sorted(settings.exclude),
});

const isSame = (a: CoveredScope, b: CoveredScope): boolean => {
  const text = ({ regions, organizationalUnits, exclude }: CoveredScope) =>
    JSON.stringify([regions, organizationalUnits, exclude]);
  return text(a) === text(b);
};

/**
 * The record once the settings' scope may have something made by it. What a program without such a record made may be
 * anywhere. Pure.
 */
export function noted(
  record: ScopeRecord | undefined,
  scope: CoveredScope,
  { wrong, hasStacks }: { readonly wrong: string | undefined; readonly hasStacks: boolean },
): ScopeRecord {
  const before = record ?? { ...nothingNoted, others: hasStacks ? [everything] : [] };
  if (wrong) return { ...before, wrong };
  const known = before.confirmed ? [before.confirmed, ...before.others] : before.others;
  const others = known.some((each) => isSame(each, scope)) ? before.others : [...before.others, scope];
  return { ...before, others, wrong: null };
}

/** The record once the organization was considered by a scope; confirmed where nothing made is left out by it. Pure. */
export const consideredBy = (
  record: ScopeRecord | undefined,
  scope: CoveredScope,
  leavesOut: boolean,
): ScopeRecord =>
  leavesOut
    ? { ...(record ?? nothingNoted), considered: scope, wrong: null }
    : { confirmed: scope, others: [], considered: scope, wrong: null };

/** Whether a scope has Regions that the one before did not have. Pure. */
export const hasMoreRegions = (before: CoveredScope | null, scope: CoveredScope): boolean =>
  before !== null &&
  before.regions !== null &&
  (scope.regions === null || scope.regions.some((region) => !before.regions?.includes(region)));

/** By what it is decided what is covered. */
export interface Terms {
  /** Undefined: the settings name what does not exist, and no scope was ever confirmed. What was made stays. */
  readonly scope: CoveredScope | undefined;
  /** The confirmed scope and those since: what leaves by a setting is in one of them. */
  readonly before: readonly CoveredScope[];
  /** Why the settings are not gone by. */
  readonly wrong: string | undefined;
}

/** Pure. */
export function termsOf(record: ScopeRecord | undefined, settings: Parameters<typeof scopeOf>[0]): Terms {
  if (!record) return { scope: scopeOf(settings), before: [everything], wrong: undefined };
  const { confirmed, others, wrong } = record;
  const before = confirmed ? [confirmed, ...others] : others;
  return wrong
    ? { scope: confirmed ?? undefined, before, wrong }
    : { scope: scopeOf(settings), before, wrong: undefined };
}

/** Whether the settings leave out what is covered, and no person has confirmed that. Pure. */
export const isUnconfirmed = (
  record: ScopeRecord | undefined,
  settings: Parameters<typeof scopeOf>[0],
): boolean =>
  record !== undefined &&
  record.confirmed !== null &&
  record.considered !== null &&
  isSame(record.considered, scopeOf(settings)) &&
  !isSame(record.confirmed, record.considered);

const written = (names: readonly string[] | null, all: string) => (names ? names.join(', ') : all);

/** What is wrong with the settings and what is gone by instead, in a sentence. Pure. */
export const keptSentence = ({ wrong = '', scope }: Terms): string => {
  if (!scope) return `${wrong}; nothing new is covered, and nothing is taken away`;
  const { regions, organizationalUnits, exclude } = scope;
  const parts = [
    `Regions ${written(regions, 'all')}`,
    `organizational units ${written(organizationalUnits, 'all')}`,
    `without ${exclude.length > 0 ? exclude.join(', ') : 'any exception'}`,
  ];
  return `${wrong}; the last confirmed scope is kept (${parts.join('; ')}), and nothing is taken away`;
};

export const readScope = async (facts: Pick<FactStore, 'get'>): Promise<ScopeRecord | undefined> =>
  (await facts.get<ScopeRecord>(scopeFact))?.value;

type Given = Pick<OffboardingContext, 'store' | 'settings'>;

/** The terms as every worker finds them now. */
export const readTerms = async ({ store, settings }: Given): Promise<Terms> =>
  termsOf(await readScope(store.facts), settings);

/**
 * Records what the settings ask for, before anything is made by it, and what of it does not exist.
 * What is wrong with the settings, if anything is.
 */
export async function noteScope(
  { store, settings }: Given,
  organization: Organization,
): Promise<string | undefined> {
  const scope = scopeOf(settings);
  const everSeen = new Set((await store.accounts.list()).map(({ id }) => id));
  const wrong = unknownName(scope, organization, everSeen);
  await store.offboarding.alone(async (query) => {
    const facts = factStore({ query });
    const [row] = await query<{ any: boolean }>(
      `select exists (select 1 from stack where kind <> 'hub') as any`,
    );
    const hasStacks = row?.any ?? false;
    await facts.set(scopeFact, noted(await readScope(facts), scope, { wrong, hasStacks }));
  });
  return wrong;
}

/** Those of the accounts that are covered: by the scope, or until a person confirms that they leave it. */
export async function coveredAccounts<A extends { readonly id: string; readonly parents: readonly string[] }>(
  given: Given,
  accounts: readonly A[],
): Promise<A[]> {
  const { store } = given;
  const { scope, before } = await readTerms(given);
  const made = new Set((await store.stacks.accounts()).map(({ accountId }) => accountId));
  const leaving = new Set(await store.offboarding.leavingBySetting());
  const isKept = (account: A) =>
    made.has(account.id) &&
    !leaving.has(accountKey(account.id)) &&
    before.some((earlier) => covers(earlier, account));
  return accounts.filter((account) => (scope && covers(scope, account)) || isKept(account));
}

/** Which Regions of an account are covered: those of the scope, and those made that no person let go. */
export async function coveredRegions(
  given: Given,
  account: Pick<AccountRecord, 'id' | 'regions'>,
): Promise<(region: string) => boolean> {
  const { store, settings } = given;
  const { scope } = await readTerms(given);
  if (scope?.regions === null) return () => true;
  const stacks = await store.stacks.ofAccount(account.id);
  const made =
    settings.layout === 'region'
      ? stacks.flatMap(({ kind, region }) => (kind === 'region' && region ? [region] : []))
      : stacks.some(({ kind }) => kind === 'account')
        ? account.regions.map(({ region }) => region)
        : [];
  const leaving = await store.offboarding.leavingBySetting(account.id);
  const kept = made.filter((region) => !leaving.includes(regionKey(account.id, region)));
  return (region) => (scope?.regions?.includes(region) ?? false) || kept.includes(region);
}
