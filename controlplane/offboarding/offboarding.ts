import type { Organization } from '../organization/listing.ts';
import type { Lease } from '../queue/leases.ts';
import { type Result, stalledAfter } from '../queue/result.ts';
import { accountKey, hubKey, placeOfKey, type StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Confirmation } from '../store/confirmations.ts';
import { recordVerified } from '../verify/coverage.ts';
import { type ConsiderResult, consider } from './consider.ts';
import type { OffboardingContext } from './context.ts';
import type { Decision } from './decide.ts';
import { answer } from './question.ts';
import { decide, reconcile } from './reconcile.ts';
import { coveredAccounts, coveredRegions, noteScope, readTerms } from './scope.ts';
import { type ScopeView, viewScope } from './scope-view.ts';

export type { OffboardingContext } from './context.ts';

export interface OffboardingService {
  /**
   * Records what departs after a complete listing was recorded, asks the guard, and asks a person where that says so.
   * @throws PortcullisError `invalid-environment` where the scope names what does not exist
   */
  consider(listing: { readonly organization: Organization; readonly readAt: Date }): Promise<ConsiderResult>;
  /** Records what the settings ask for, before anything is made by it; what they name that does not exist. */
  note(organization: Organization): Promise<string | undefined>;
  /** Those accounts that are covered, those among them that wait for a person to let them go. */
  covered<A extends { readonly id: string; readonly parents: readonly string[] }>(
    accounts: readonly A[],
  ): Promise<A[]>;
  /** Whether a Region of the account is covered; one that waits for a person is. */
  coveredRegions(account: Pick<AccountRecord, 'id' | 'regions'>): Promise<(region: string) => boolean>;
  /** In `layout: account`: the account's stack has these Regions alone by now. */
  left(accountId: string, regions: readonly string[]): Promise<void>;
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
  /** What is covered, by what the settings ask for and by what was confirmed; reads nothing but the store. */
  scope(): Promise<ScopeView>;
  /** A person's word. @throws PortcullisError `not-found`, `conflict` */
  confirm(id: string, digest: string, by: string): Promise<Confirmation>;
  refuse(id: string, digest: string, by: string): Promise<Confirmation>;
}

/** What is done about accounts and Regions that are to be covered no more. Making it starts nothing. */
export function createOffboarding(
  given: Omit<OffboardingContext, 'now'> & Partial<OffboardingContext>,
): OffboardingService {
  const context: OffboardingContext = { now: () => new Date(), ...given };
  const { store, settings, enqueue } = context;
  return {
    consider: (listing) => consider(context, listing),
    note: (organization) => noteScope(context, organization),
    covered: (accounts) => coveredAccounts(context, accounts),
    coveredRegions: (account) => coveredRegions(context, account),
    async left(accountId, regions) {
      await store.offboarding.leftCells(accountId, regions, await store.now());
      if (await store.cellVerifications.keepOnly(accountId, regions))
        await recordVerified(store, [{ accountId }]);
    },
    async standing(key) {
      const place = placeOfKey(key);
      const account = place && (await store.accounts.get(place.accountId));
      if (!place || !account) return { kind: 'wanted' };
      return decide(context, await readTerms(context), account, place.region);
    },
    reconcile: (key, lease) => reconcile(context, key, lease),
    async orphanedStacks(accountId, wanted) {
      const stacks = await store.stacks.ofAccount(accountId);
      return stacks
        .filter(({ kind, key }) => kind === 'region' && !wanted.includes(key as StackKey))
        .map(({ key }) => key as StackKey);
    },
    scope: () => viewScope(context),
    async retry(accountIds) {
      const keys = await store.offboarding.resetFailures(stalledAfter, accountIds);
      if (keys.length > 0) await enqueue(keys);
    },
    async confirm(id, digest, by) {
      const confirmed = await answer(store, { id, digest, by, state: 'confirmed' }, await store.now());
      if (confirmed.kind === 'policy-mode') {
        await enqueue([hubKey]);
        return confirmed;
      }
      const within = confirmed.hold === 'settings' && settings?.layout === 'account';
      await enqueue(confirmed.stacks.map(({ key, accountId }) => (within ? accountKey(accountId) : key)));
      return confirmed;
    },
    refuse: async (id, digest, by) => answer(store, { id, digest, by, state: 'refused' }, await store.now()),
  };
}
