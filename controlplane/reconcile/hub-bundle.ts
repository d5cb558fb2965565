import { makeBundle, type RemediationBundle } from '../../programs/bundle.ts';
import { accountTable, factsAskedBy } from '../organization/account-table.ts';
import { refreshTags } from '../organization/account-tags.ts';
import type { Uses } from '../services/services.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import { withStoredExceptions } from './stored-exceptions.ts';

export interface HubBundle {
  readonly bundle: RemediationBundle;
  readonly exceptions: readonly string[];
}

interface HubBundleContext extends Uses<{ aws: 'organizations'; store: 'accounts' | 'exceptions' | 'now' }> {
  readonly policy: PolicyInForce;
  readonly directory: string;
}

/**
 * Builds the Lambda's bundle from the policy in force, the stored exceptions and the organization facts that the
 * policy uses. A preview changes no policy and asks for no confirmation. Account tags are read again for the accounts
 * named, for those not read in 24 hours and for those with a tag event.
 */
export type HubBundler = (
  readAnew: readonly string[],
  options?: { readonly preview: boolean },
) => Promise<HubBundle>;

/** Tags can be old when an earlier policy did not use them. */
const staleMilliseconds = 24 * 3_600_000;

const isStale = ({ tagsReadAt }: AccountRecord, now: Date): boolean =>
  tagsReadAt === null || tagsReadAt.getTime() < now.getTime() - staleMilliseconds;

/** The returned function throws PortcullisError `invalid-policy` or `organization-unreadable`. */
export function hubBundler({ policy: inForce, aws, store, directory }: HubBundleContext): HubBundler {
  return async (readAnew, { preview } = { preview: false }) => {
    const file = await (preview ? inForce.read() : inForce.settle());
    const now = await store.now();
    const { policy, names } = withStoredExceptions(file, await store.exceptions.standing(), now);
    const asked = factsAskedBy(policy);
    if (asked.tagKeys.size > 0) {
      const stale = (await store.accounts.list()).filter(
        (account) => account.state === 'ACTIVE' && (readAnew.includes(account.id) || isStale(account, now)),
      );
      const ids = stale.map(({ id }) => id);
      await refreshTags(aws, store, ids);
    }
    const table = accountTable(asked, await store.accounts.list());
    return { bundle: await makeBundle(policy, directory, table), exceptions: names };
  };
}
