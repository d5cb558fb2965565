import type { CoveredScope } from '../organization/fleet-scope.ts';
import { decideAll, isBySetting } from './consider.ts';
import type { OffboardingContext } from './context.ts';
import { readScope, scopeOf, termsOf } from './scope.ts';

/** The scope of the settings compared with the confirmed one. */
export interface ScopeView {
  readonly settings: CoveredScope;
  /** The last scope that contained every stack; null if there was none yet. */
  readonly confirmed: CoveredScope | null;
  /** Names in the settings that the organization does not have; the confirmed scope is kept then. */
  readonly wrong: string | null;
  /** Stacks that the settings leave out: kept until a person confirms. */
  readonly leftOut: readonly { readonly key: string; readonly accountId: string; readonly because: string }[];
}

/** Reads only the store. */
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
