import type { Organization } from '../organization/listing.ts';
import type { Lease } from '../queue/leases.ts';
import { type Result, stalledAfter } from '../queue/result.ts';
import { accountKey, hubKey, placeOfKey, type StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Confirmation } from '../store/confirmations.ts';
import type { Uninstall } from '../store/uninstall.ts';
import { recordVerified } from '../verify/coverage.ts';
import { type ConsiderResult, consider } from './consider.ts';
import type { OffboardingContext } from './context.ts';
import type { Decision } from './decide.ts';
import { answer } from './question.ts';
import { decide, reconcile } from './reconcile.ts';
import { coveredAccounts, coveredRegions, noteScope, readTerms } from './scope.ts';
import { type ScopeView, viewScope } from './scope-view.ts';
import {
  requestReinstall,
  requestUninstall,
  type UninstallView,
  uninstallKeys,
  uninstallStack,
  viewUninstall,
  whyHubWaits,
} from './uninstall.ts';

export type { OffboardingContext } from './context.ts';

export interface OffboardingService {
  /**
   * Records what leaves scope after a complete listing, and asks for a confirmation where the guard requires one.
   * @throws PortcullisError `invalid-environment` when the scope names something that does not exist
   */
  consider(listing: { readonly organization: Organization; readonly readAt: Date }): Promise<ConsiderResult>;
  /** Records the scope of the settings before anything is created by it. Returns what it names that does not exist. */
  note(organization: Organization): Promise<string | undefined>;
  /** The covered accounts, including those that leave scope and wait for a confirmation. */
  covered<A extends { readonly id: string; readonly parents: readonly string[] }>(
    accounts: readonly A[],
  ): Promise<A[]>;
  /** Whether a Region of the account is covered; one that waits for a confirmation is. */
  coveredRegions(account: Pick<AccountRecord, 'id' | 'regions'>): Promise<(region: string) => boolean>;
  /** In `layout: account`: records that the account stack now has these Regions only. */
  left(accountId: string, regions: readonly string[]): Promise<void>;
  /** The decision for a key by the listing and the settings. Reads only the store. */
  standing(key: StackKey): Promise<Decision>;
  /**
   * Destroys or archives the key's stack when it left scope, is cleared and the workers agree. Undefined: the key is
   * in scope and reconciled as usual. Throws only when the store fails.
   */
  reconcile(key: StackKey, lease: Lease): Promise<Result | undefined>;
  /** As in reconcile's context. */
  uninstall(request: Uninstall, key: StackKey, lease: Lease): Promise<Result>;
  uninstallKeys(): Promise<StackKey[]>;
  whyHubWaits(request: Uninstall): Promise<string | undefined>;
  /** How far an uninstall is. Reads only the store. */
  uninstallView(): Promise<UninstallView>;
  /** @throws PortcullisError `conflict`, `invalid-request` */
  requestUninstall(organizationId: string, by: string): Promise<UninstallView>;
  /** @throws PortcullisError `conflict` */
  requestReinstall(by: string): Promise<UninstallView>;
  /** Recorded Region stacks of an account that are not among the desired ones. */
  orphanedStacks(accountId: string, wanted: readonly StackKey[]): Promise<readonly StackKey[]>;
  /** Retries what was given up, for these accounts or for all. */
  retry(accountIds: readonly string[] | undefined): Promise<void>;
  /** The scope of the settings and the confirmed one. Reads only the store. */
  scope(): Promise<ScopeView>;
  /** @throws PortcullisError `not-found`, `conflict` */
  confirm(id: string, digest: string, by: string): Promise<Confirmation>;
  refuse(id: string, digest: string, by: string): Promise<Confirmation>;
}

/** Starts nothing. */
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
    uninstall: (request, key, lease) => uninstallStack(context, request, key, lease),
    uninstallKeys: () => uninstallKeys(context),
    whyHubWaits: (request) => whyHubWaits(context, request),
    uninstallView: () => viewUninstall(context),
    requestUninstall: (organizationId, by) => requestUninstall(context, organizationId, by),
    requestReinstall: (by) => requestReinstall(context, by),
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
