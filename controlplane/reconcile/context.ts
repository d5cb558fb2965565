import type { Installation } from '../organization/installation.ts';
import type { Organization } from '../organization/listing.ts';
import type { Lease } from '../queue/leases.ts';
import type { Result } from '../queue/result.ts';
import type { Services, Uses } from '../services/services.ts';
import type { StackKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { KeyRequest } from '../store/run-stacks.ts';
import type { Uninstall } from '../store/uninstall.ts';
import type { TrailOwner } from '../trails/observe.ts';
import type { HubBundler } from './hub-bundle.ts';

/** Offboarding of accounts and Regions that left scope. */
export interface OffboardingHook {
  /** Evaluates a listing: keys to enqueue, what waits for a confirmation, and remarks to log. */
  consider(listing: { readonly organization: Organization; readonly readAt: Date }): Promise<{
    readonly keysToEnqueue: readonly StackKey[];
    readonly held: string | undefined;
    readonly remarks: readonly string[];
  }>;
  /** Records the scope of the settings before anything is created by it. Returns what it names that does not exist. */
  note(organization: Organization): Promise<string | undefined>;
  /** The covered accounts, including those that leave scope and wait for a confirmation. */
  covered<A extends { readonly id: string; readonly parents: readonly string[] }>(
    accounts: readonly A[],
  ): Promise<readonly A[]>;
  /** The covered Regions of the account, in the same way. */
  coveredRegions(account: Pick<AccountRecord, 'id' | 'regions'>): Promise<(region: string) => boolean>;
  /** In `layout: account`: records that the account stack now has these Regions only. */
  left(accountId: string, regions: readonly string[]): Promise<void>;
  /** Offboards a key that left scope; undefined when it is in scope. */
  reconcile(key: StackKey, lease: Lease): Promise<Result | undefined>;
  /** Retries an offboarding that failed too often, for these accounts or for all, because a run requests them. */
  retry(accountIds: readonly string[] | undefined): Promise<void>;
  /** While the installation is being uninstalled: removes the stack, or says why it stays. */
  uninstall(request: Uninstall, key: StackKey, lease: Lease): Promise<Result>;
  /** The keys whose stacks an uninstall has not removed, in the order of their turn. */
  uninstallKeys(): Promise<readonly StackKey[]>;
  /** Why the hub is not removed yet; undefined when it is its turn. */
  whyHubWaits(request: Uninstall): Promise<string | undefined>;
}

export interface ReconcileServices
  extends Pick<Services, 'settings' | 'aws' | 'engine' | 'store' | 'meter' | 'log' | 'programVersion'>,
    Uses<{ queue: 'enqueue' | 'enqueueAfter' }> {
  readonly hubBundle: HubBundler;
  readonly offboarding?: OffboardingHook | undefined;
  /** Answers about organization trails by the account that owns them. */
  readonly trailOwner?: TrailOwner | undefined;
  /** Called with an account's Regions before and after an inspection of its trails. */
  readonly onCoverage?:
    | ((
        account: AccountRecord,
        before: AccountRecord['regions'],
        after: AccountRecord['regions'],
      ) => Promise<void>)
    | undefined;
  readonly installation?: Pick<Installation, 'id' | 'refusal'> | undefined;
  /** Why nothing may be deleted and no other policy applied: live workers have different configurations. */
  readonly configurationMismatch?: Services['workers']['configurationMismatch'] | undefined;
  /** How often a run tries a stack, after counted failures and after transient ones. */
  readonly attempts?: { readonly counted: number; readonly transient: number };
  /** How long a key waits for its prerequisite, milliseconds. */
  readonly prerequisiteMs?: number;
}

export const usualAttempts = { counted: 3, transient: 10 };

export interface ReconcileContext extends ReconcileServices {
  readonly key: StackKey;
  readonly lease: Lease;
  /** The runs that wait for it: either all previews, or none of them. */
  readonly requests: readonly KeyRequest[];
  /** Called before a run's wait ends: add follow-up stacks now, as a run is over when its last stack ends. */
  readonly beforeEnd?:
    | ((request: KeyRequest, state: 'succeeded' | 'unchanged' | 'failed') => Promise<void>)
    | undefined;
}

/** Whether the key's turn is for previews alone. */
export const isPreview = ({ requests }: Pick<ReconcileContext, 'requests'>): boolean =>
  requests.length > 0 && requests.every(({ run }) => run.kind === 'preview');

export const now = (): string => new Date().toISOString();
