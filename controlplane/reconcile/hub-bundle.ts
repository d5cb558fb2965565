import { makeBundle, type RemediationBundle } from '../../programs/bundle.ts';
import { accountTable, factsAskedBy } from '../organization/account-table.ts';
import { refreshTags } from '../organization/account-tags.ts';
import type { Uses } from '../services/services.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { PolicyInForce } from './policy-in-force.ts';
import { withStoredExceptions } from './stored-exceptions.ts';

/** A bundle, and the names of the stored exceptions inside. */
export interface HubBundle {
  readonly bundle: RemediationBundle;
  readonly exceptions: readonly string[];
}

interface HubBundleContext extends Uses<{ aws: 'organizations'; store: 'accounts' | 'exceptions' | 'now' }> {
  readonly policy: PolicyInForce;
  readonly directory: string;
}

/**
 * Makes the Lambda's bundle as things are now: the policy in force, the stored exceptions, and of the organization as
 * last listed the facts that the policy asks for. For a preview nothing is put in force and no person is asked. Account tags, where it asks for them, are read anew for the accounts
 * named and for those whose tags were not read today, or were changed, as an event said.
 */
export type HubBundler = (
  readAnew: readonly string[],
  options?: { readonly preview: boolean },
) => Promise<HubBundle>;

/** A policy that asks for tags again, after one that did not, finds old ones. */
const staleMilliseconds = 24 * 3_600_000;

const isStale = ({ tagsReadAt }: AccountRecord, now: Date): boolean =>
  tagsReadAt === null || tagsReadAt.getTime() < now.getTime() - staleMilliseconds;

/** @throws (what it gives does) PortcullisError `invalid-policy` or `organization-unreadable`; nothing is made then. */
export function hubBundler({ policy: inForce, aws, store, directory }: HubBundleContext): HubBundler {
  return async (readAnew, { preview } = { preview: false }) => {
    const file = await (preview ? inForce.look() : inForce.settle());
    const now = await store.now();
    const { policy, names } = withStoredExceptions(file, await store.exceptions.standing(), now);
    const asked = factsAskedBy(policy);
    if (asked.tagKeys.size > 0) {
      const wanting = (await store.accounts.list()).filter(
        (account) => account.state === 'ACTIVE' && (readAnew.includes(account.id) || isStale(account, now)),
      );
      const ids = wanting.map(({ id }) => id);
      await refreshTags(aws, store, ids);
    }
    const table = accountTable(asked, await store.accounts.list());
    return { bundle: await makeBundle(policy, directory, table), exceptions: names };
  };
}
