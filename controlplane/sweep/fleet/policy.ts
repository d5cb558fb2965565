import { policyDigest } from '../../../lambda/policy/parse.ts';
import { accountTable, factsAskedBy } from '../../organization/account-table.ts';
import { refreshTags } from '../../organization/account-tags.ts';
import type { PolicyInForce } from '../../reconcile/policy-in-force.ts';
import { withStoredExceptions } from '../../reconcile/stored-exceptions.ts';
import type { Uses } from '../../services/services.ts';
import type { SweepPolicy } from '../context.ts';
import { fresh } from './fresh.ts';

/** How long a policy that was read is used, milliseconds: reading it again for each cell would take longer than the cell. */
const freshMs = 15_000;

interface PolicyContext extends Uses<{ aws: 'organizations'; store: 'accounts' | 'exceptions' | 'now' }> {
  readonly inForce: Pick<PolicyInForce, 'read'>;
}

async function readNow({ inForce, aws, store }: PolicyContext): Promise<SweepPolicy> {
  const file = await inForce.read();
  const { policy } = withStoredExceptions(file, await store.exceptions.standing(), await store.now());
  const digest = policyDigest(policy);
  const asked = factsAskedBy(policy);
  if (asked.units.size + asked.tagKeys.size === 0) return { policy, digest, accounts: {} };
  if (asked.tagKeys.size > 0) {
    const unread = (await store.accounts.list()).filter(
      ({ state, tags }) => state === 'ACTIVE' && tags === null,
    );
    await refreshTags(
      aws,
      store,
      unread.map(({ id }) => id),
    );
  }
  return { policy, digest, accounts: accountTable(asked, await store.accounts.list()) };
}

/** The policy that the Lambda has or gets next, read at most once in a few seconds. */
export const sweepPolicy = (context: PolicyContext): (() => Promise<SweepPolicy>) =>
  fresh(freshMs, () => readNow(context));
