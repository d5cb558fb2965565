import { type CoveredScope, covers, unknownName } from '../organization/fleet-scope.ts';
import type { Organization } from '../organization/listing.ts';
import type { Settings } from '../settings/environment.ts';
import { accountKey, regionKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import { type FactStore, factStore } from '../store/facts.ts';
import type { OffboardingContext } from './context.ts';

/** The scopes recorded for all workers. */
export interface ScopeRecord {
  /** The last scope that contained every stack, or whose omissions a person confirmed. */
  readonly confirmed: CoveredScope | null;
  /** Scopes of later settings. Stacks may have been created by any of them. */
  readonly others: readonly CoveredScope[];
  /** The scope used by the last evaluation of the organization. */
  readonly considered: CoveredScope | null;
  /** Names in the settings that the organization does not have; the confirmed scope is kept then. */
  readonly wrong: string | null;
}

export const scopeFact = 'scope';

const everything: CoveredScope = { regions: null, organizationalUnits: null, exclude: [] };
const nothingNoted: ScopeRecord = { confirmed: null, others: [], considered: null, wrong: null };

const sorted = (names: readonly string[]) => [...new Set(names)].sort();

/** Sorted and without duplicates, so equal scopes have equal text. Pure. */
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

/** Called before the scope creates anything. Without a record (older release), stacks may be anywhere. Pure. */
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

/** The record after an evaluation. The scope is confirmed when it leaves out no stack. Pure. */
export const consideredBy = (
  record: ScopeRecord | undefined,
  scope: CoveredScope,
  leavesOut: boolean,
): ScopeRecord =>
  leavesOut
    ? { ...(record ?? nothingNoted), considered: scope, wrong: null }
    : { confirmed: scope, others: [], considered: scope, wrong: null };

export const hasMoreRegions = (before: CoveredScope | null, scope: CoveredScope): boolean =>
  before !== null &&
  before.regions !== null &&
  (scope.regions === null || scope.regions.some((region) => !before.regions?.includes(region)));

/** The scopes that decide what is covered. */
export interface Terms {
  /** Undefined: the settings name something that does not exist, and no scope was ever confirmed. Stacks stay. */
  readonly scope: CoveredScope | undefined;
  /** The confirmed scope and those since. A stack that leaves by a setting is in one of them. */
  readonly before: readonly CoveredScope[];
  /** Why the settings are not applied. */
  readonly wrong: string | undefined;
}

export function termsOf(record: ScopeRecord | undefined, settings: Parameters<typeof scopeOf>[0]): Terms {
  if (!record) return { scope: scopeOf(settings), before: [everything], wrong: undefined };
  const { confirmed, others, wrong } = record;
  const before = confirmed ? [confirmed, ...others] : others;
  return wrong
    ? { scope: confirmed ?? undefined, before, wrong }
    : { scope: scopeOf(settings), before, wrong: undefined };
}

/** Whether the settings leave out stacks and no person has confirmed that. Pure. */
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

export const keptSentence = ({ wrong = '', scope }: Terms): string => {
  if (!scope) return `${wrong}; nothing new is covered, and nothing is deleted`;
  const { regions, organizationalUnits, exclude } = scope;
  const parts = [
    `Regions ${written(regions, 'all')}`,
    `organizational units ${written(organizationalUnits, 'all')}`,
    `without ${exclude.length > 0 ? exclude.join(', ') : 'any exception'}`,
  ];
  return `${wrong}; the last confirmed scope is kept (${parts.join('; ')}), and nothing is deleted`;
};

export const readScope = async (facts: Pick<FactStore, 'get'>): Promise<ScopeRecord | undefined> =>
  (await facts.get<ScopeRecord>(scopeFact))?.value;

type Given = Pick<OffboardingContext, 'store' | 'settings'>;

export const readTerms = async ({ store, settings }: Given): Promise<Terms> =>
  termsOf(await readScope(store.facts), settings);

/** Records the settings' scope, before anything is created by it. Returns what it names that does not exist. */
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

/** The accounts in scope, and those that leave it until a person confirms. */
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

/** The Regions in scope, and those with a stack until a person confirms their removal. */
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
