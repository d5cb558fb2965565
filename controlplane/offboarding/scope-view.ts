import type { CoveredScope } from '../organization/fleet-scope.ts';
import { decideAll, isBySetting } from './consider.ts';
import type { OffboardingContext } from './context.ts';
import { readScope, scopeOf, termsOf } from './scope.ts';

/** What the settings ask to be covered, and how that differs from what is. */
export interface ScopeView {
  readonly settings: CoveredScope;
  /** The last scope that everything made was in; null before there was one. */
  readonly confirmed: CoveredScope | null;
  /** What the settings name and the organization does not have; the confirmed scope is kept then. */
  readonly wrong: string | null;
  /** Stacks that the settings leave out: they stay as they are until a person confirms. */
  readonly leftOut: readonly { readonly key: string; readonly accountId: string; readonly because: string }[];
}

/** Reads nothing but the store, and changes nothing. */
export async function viewScope(given: Pick<OffboardingContext, 'store' | 'settings'>): Promise<ScopeView> {
  const { store, settings } = given;
  const record = await readScope(store.facts);
  const terms = termsOf(record, settings);
  const accounts = new Map((await store.accounts.list()).map((account) => [account.id, account]));
  const decided = await decideAll(given, terms, accounts);
  return {
    settings: scopeOf(settings),
    confirmed: record?.confirmed ?? null,
    wrong: terms.wrong ?? null,
    leftOut: decided.flatMap((each) => {
      const { stack, decision } = each;
      const { key, accountId } = stack;
      return isBySetting(each) && 'because' in decision
        ? [{ key, accountId, because: decision.because }]
        : [];
    }),
  };
}
