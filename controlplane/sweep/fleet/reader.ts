import type { Aws } from '../../aws/clients.ts';
import { isRefused } from '../../aws/errors.ts';
import { type UnreachableSettings, whyUnreachable } from '../../organization/access/refused.ts';
import { enabledRegions } from '../../reconcile/observe.ts';
import type { Uses } from '../../services/services.ts';
import { organizationsRegion } from '../../settings/partition.ts';
import type { SweepContext, SweepPolicy } from '../context.ts';
import { failureOf } from '../patience.ts';
import { prefixListCache } from '../prefix-lists.ts';
import { type ReadingContext, readCell } from '../read-cell.ts';
import { fresh } from './fresh.ts';

interface ReaderContext extends Uses<{ store: 'accounts' }> {
  readonly aws: Pick<Aws, 'caller' | 'trusted' | 'accessRoleArn' | 'ec2' | 'cloudTrail'>;
  readonly settings: UnreachableSettings;
}

/** How long the list of the organization's accounts is used, milliseconds. */
const freshMs = 300_000;

/** The accounts of the organization, read now and then: their edits of prefix lists are seen. */
const members = ({ store }: Uses<{ store: 'accounts' }>) =>
  fresh(freshMs, async (): Promise<ReadonlySet<string>> => {
    const accounts = await store.accounts.list();
    return new Set(accounts.filter(({ state }) => state === 'ACTIVE').map(({ id }) => id));
  });

/** Reads accounts and cells with the clients of the service; reasons name its settings. */
export function reader({
  aws,
  settings,
  store,
}: ReaderContext): Pick<SweepContext, 'regionsOf' | 'read' | 'explain'> {
  const prefixLists = prefixListCache();
  const membersNow = members({ store });
  const explain = async (accountId: string, error: unknown): Promise<string> =>
    isRefused(error) ? whyUnreachable(aws, settings, accountId, error) : failureOf(error);
  const contextOf = async ({ policy, digest, accounts }: SweepPolicy): Promise<ReadingContext> => {
    const known = await membersNow();
    return {
      ...{ aws, policy, policyDigest: digest, accounts, prefixLists },
      isCovered: (accountId) => known.has(accountId),
      accountTags: async (accountId) => (await store.accounts.get(accountId))?.tags ?? null,
      explain: ({ accountId }, error) => explain(accountId, error),
    };
  };
  return {
    explain,
    async regionsOf(accountId) {
      const first = organizationsRegion((await aws.caller()).partition);
      return enabledRegions(aws, accountId, settings.hub.region, first);
    },
    read: async (cell, policy, sweep) => readCell(await contextOf(policy), cell, sweep),
  };
}
