import { makeBundle, type RemediationBundle } from '../programs/bundle.ts';
import { accountTable, factsAskedBy } from './account-table.ts';
import { refreshTags } from './account-tags.ts';
import type { Aws } from './aws.ts';
import type { Settings } from './environment.ts';
import { readPolicyFile, withStoredExceptions } from './hub-policy.ts';
import type { Store } from './store/store.ts';

/** A bundle, and the names of the stored exceptions inside. */
export interface HubBundle {
  readonly bundle: RemediationBundle;
  readonly exceptions: readonly string[];
}

interface Parts {
  readonly settings: Pick<Settings, 'policyFile' | 'narrowing'>;
  readonly aws: Pick<Aws, 'organizations'>;
  readonly store: Pick<Store, 'accounts' | 'exceptions'>;
  readonly directory: string;
}

/**
 * Makes the Lambda's bundle as things are now: the policy file, the stored exceptions, and of the organization as
 * last listed the facts that the policy asks for. Account tags, where it asks for them, are read anew for the accounts
 * named and for those whose tags were never read.
 */
export type HubBundler = (readAnew: readonly string[]) => Promise<HubBundle>;

/** @throws (what it gives does) PortcullisError `invalid-policy` or `organization-unreadable`; nothing is made then. */
export function hubBundler({ settings, aws, store, directory }: Parts): HubBundler {
  return async (readAnew) => {
    const file = await readPolicyFile(settings);
    const { policy, names } = withStoredExceptions(file, await store.exceptions.standing(), new Date());
    const asked = factsAskedBy(policy);
    if (asked.tagKeys.size > 0) {
      const wanting = (await store.accounts.list()).filter(
        ({ id, state, tags }) => state === 'ACTIVE' && (tags === null || readAnew.includes(id)),
      );
      await refreshTags(
        aws,
        store.accounts,
        wanting.map(({ id }) => id),
      );
    }
    const table = accountTable(asked, await store.accounts.list());
    return { bundle: await makeBundle(policy, directory, table), exceptions: names };
  };
}
