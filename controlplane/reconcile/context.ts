import type { Installation } from '../organization/installation.ts';
import type { Organization } from '../organization/listing.ts';
import type { Lease } from '../queue/leases.ts';
import type { Result } from '../queue/result.ts';
import type { Services, Uses } from '../services/services.ts';
import type { StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { KeyRequest } from '../store/run-stacks.ts';
import type { HubBundler } from './hub-bundle.ts';

/** What becomes of accounts and Regions that are not covered any more. */
export interface OffboardingHook {
  /** After a listing: keys to wake of what departs, what waits for a person, and what is to be said loudly. */
  consider(listing: { readonly organization: Organization; readonly readAt: Date }): Promise<{
    readonly keysToEnqueue: readonly StackKey[];
    readonly held: string | undefined;
    readonly remarks: readonly string[];
  }>;
  /** Records what the settings ask for, before anything is made by it; what they name that does not exist. */
  note(organization: Organization): Promise<string | undefined>;
  /** Those accounts that are to be covered, by the settings or until a person lets them go. */
  covered<A extends { readonly id: string; readonly parents: readonly string[] }>(
    accounts: readonly A[],
  ): Promise<readonly A[]>;
  /** Whether a Region of the account is to be covered, in the same way. */
  coveredRegions(account: Pick<AccountRecord, 'id' | 'regions'>): Promise<(region: string) => boolean>;
  /** In `layout: account`: the account's stack has these Regions alone by now. */
  left(accountId: string, regions: readonly string[]): Promise<void>;
  /** Does what is due to a key that is not wanted any more; undefined where it is wanted. */
  reconcile(key: StackKey, lease: Lease): Promise<Result | undefined>;
  /** Has what failed too often to depart tried again, of these accounts or of all: a run asks for them. */
  retry(accountIds: readonly string[] | undefined): Promise<void>;
  /** Recorded stacks of an account that desired state does not have. */
  orphanedStacks(accountId: string, wanted: readonly StackKey[]): Promise<readonly StackKey[]>;
}

/** Everything that a reconcile works with. */
export interface ReconcileServices
  extends Pick<Services, 'settings' | 'aws' | 'engine' | 'store' | 'meter' | 'log' | 'programVersion'>,
    Uses<{ queue: 'enqueue' | 'enqueueAfter' }> {
  readonly hubBundle: HubBundler;
  readonly offboarding?: OffboardingHook | undefined;
  /** Told of an account's Regions before and after a look at its trails. */
  readonly onCoverage?:
    | ((
        account: AccountRecord,
        before: AccountRecord['regions'],
        after: AccountRecord['regions'],
      ) => Promise<void>)
    | undefined;
  readonly installation?: Pick<Installation, 'id' | 'refusal'> | undefined;
  /** Why nothing may be taken away or given another policy, where living workers differ. */
  readonly configurationMismatch?: Services['workers']['configurationMismatch'] | undefined;
  /** How often a run tries a stack, and how often where only the way there was disturbed. */
  readonly attempts?: { readonly counted: number; readonly transient: number };
  /** How long a key waits for what it needs first, milliseconds. */
  readonly prerequisiteMs?: number;
}

/** How often a run tries a stack where nothing else is said. */
export const usualAttempts = { counted: 3, transient: 10 };

/** One reconcile of one key. */
export interface ReconcileContext extends ReconcileServices {
  readonly key: StackKey;
  readonly lease: Lease;
  /** The runs that wait for it: previews alone, or none of them. */
  readonly requests: readonly KeyRequest[];
  /**
   * Called before a run's wait for the key ends: what is to follow has to be in the run by then, or the run is over
   * when its last stack is.
   */
  readonly beforeEnd?:
    | ((request: KeyRequest, state: 'succeeded' | 'unchanged' | 'failed') => Promise<void>)
    | undefined;
}

export const now = (): string => new Date().toISOString();
