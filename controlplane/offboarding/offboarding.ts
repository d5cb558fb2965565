import type { Organization } from '../organization/listing.ts';
import type { Lease } from '../queue/leases.ts';
import { stalledAfter } from '../queue/result.ts';
import { accountKey, hubKey, type StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { Uninstall } from '../store/uninstall.ts';
import { recordVerified } from '../verify/coverage.ts';
import { consider } from './consider.ts';
import type { OffboardingContext } from './context.ts';
import { answer } from './question.ts';
import { reconcile } from './reconcile.ts';
import { coveredAccounts, coveredRegions, noteScope } from './scope.ts';
import { viewScope } from './scope-view.ts';
import {
  requestReinstall,
  requestUninstall,
  uninstallKeys,
  uninstallStack,
  viewUninstall,
  whyHubWaits,
} from './uninstall.ts';

export type { OffboardingContext } from './context.ts';

/** Starts nothing. Throws only what a method names, and when the store fails. */
export function createOffboarding(given: Omit<OffboardingContext, 'now'> & Partial<OffboardingContext>) {
  const context: OffboardingContext = { now: () => new Date(), ...given };
  const { store, settings, enqueue } = context;
  return {
    /**
     * Records what leaves scope after a complete listing, and asks for a confirmation where the guard requires one.
     * @throws PortcullisError `invalid-environment` when the scope names something that does not exist
     */
    consider: (listing: Parameters<typeof consider>[1]) => consider(context, listing),
    /** Records the scope of the settings before anything is created by it. Returns what it names that does not exist. */
    note: (organization: Organization) => noteScope(context, organization),
    /** The covered accounts, including those that leave scope and wait for a confirmation. */
    covered: <A extends { readonly id: string; readonly parents: readonly string[] }>(
      accounts: readonly A[],
    ): Promise<A[]> => coveredAccounts(context, accounts),
    /** Whether a Region of the account is covered; one that waits for a confirmation is. */
    coveredRegions: (account: Pick<AccountRecord, 'id' | 'regions'>) => coveredRegions(context, account),
    /** In `layout: account`: records that the account stack now has these Regions only. */
    async left(accountId: string, regions: readonly string[]) {
      await store.offboarding.leftCells(accountId, regions, await store.now());
      if (await store.cellVerifications.keepOnly(accountId, regions))
        await recordVerified(store, [{ accountId }]);
    },
    /**
     * Destroys or archives the key's stack when it left scope, is cleared and the workers agree. Undefined: the key is
     * in scope and reconciled as usual.
     */
    reconcile: (key: StackKey, lease: Lease) => reconcile(context, key, lease),
    /** While the installation is being uninstalled: removes the stack, or says why it stays. */
    uninstall: (request: Uninstall, key: StackKey, lease: Lease) =>
      uninstallStack(context, request, key, lease),
    uninstallKeys: () => uninstallKeys(context),
    whyHubWaits: (request: Uninstall) => whyHubWaits(context, request),
    /** How far an uninstall is. Reads only the store. */
    uninstallView: () => viewUninstall(context),
    /** @throws PortcullisError `conflict`, `invalid-request` */
    requestUninstall: (organizationId: string, by: string) => requestUninstall(context, organizationId, by),
    /** @throws PortcullisError `conflict` */
    requestReinstall: (by: string) => requestReinstall(context, by),
    /** The scope of the settings and the confirmed one. Reads only the store. */
    scope: () => viewScope(context),
    /** Retries what was given up, for these accounts or for all. */
    async retry(accountIds: readonly string[] | undefined) {
      const keys = await store.offboarding.resetFailures(stalledAfter, accountIds);
      if (keys.length > 0) await enqueue(keys);
    },
    /** @throws PortcullisError `not-found`, `conflict` */
    async confirm(id: string, digest: string, by: string) {
      const confirmed = await answer(store, { id, digest, by, state: 'confirmed' }, await store.now());
      if (confirmed.kind === 'policy-mode') {
        await enqueue([hubKey]);
        return confirmed;
      }
      const within = confirmed.hold === 'settings' && settings?.layout === 'account';
      await enqueue(confirmed.stacks.map(({ key, accountId }) => (within ? accountKey(accountId) : key)));
      return confirmed;
    },
    /** @throws PortcullisError `not-found`, `conflict` */
    refuse: async (id: string, digest: string, by: string) =>
      answer(store, { id, digest, by, state: 'refused' }, await store.now()),
  };
}

export type OffboardingService = ReturnType<typeof createOffboarding>;
