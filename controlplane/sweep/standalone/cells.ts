import pLimit from 'p-limit';
import type { Aws } from '../../aws/clients.ts';
import { enabledRegions } from '../../reconcile/observe.ts';
import { organizationsRegion } from '../../settings/partition.ts';
import { patiently } from '../patience.ts';
import type { Cell } from '../read-cell.ts';

/** Accounts whose Regions are read at once. */
const atOnce = 24;

/** The cells of accounts, and the accounts whose Regions could not be read, with the error. */
export interface EnabledCells<Account> {
  readonly cells: readonly (Cell & { readonly account: Account })[];
  readonly unread: readonly { readonly account: Account; readonly error: unknown }[];
}

/**
 * Every Region that is enabled in each account; one call an account. Neighbours in the order are of different accounts
 * and Regions, so that a sweep is not slowed by the limits of one.
 */
export async function enabledCells<Account extends { readonly id: string }>(
  aws: Pick<Aws, 'caller' | 'ec2'>,
  accounts: readonly Account[],
  home: string,
  covers: (region: string) => boolean,
): Promise<EnabledCells<Account>> {
  const first = organizationsRegion((await aws.caller()).partition);
  const limit = pLimit(atOnce);
  const asked = await Promise.all(
    accounts.map((account) =>
      limit(async () => {
        try {
          const regions = await patiently(() => enabledRegions(aws, account.id, home, first));
          return { kind: 'read' as const, account, regions: regions.filter(covers).sort() };
        } catch (error) {
          return { kind: 'unread' as const, account, error };
        }
      }),
    ),
  );
  const read = asked.filter((one) => one.kind === 'read');
  const most = Math.max(0, ...read.map(({ regions }) => regions.length));
  const cells: EnabledCells<Account>['cells'][number][] = [];
  for (let round = 0; round < most; round += 1) {
    for (const [index, { account, regions }] of read.entries()) {
      const region = round < regions.length ? regions[(round + index) % regions.length] : undefined;
      if (region) cells.push({ account, accountId: account.id, region });
    }
  }
  return { cells, unread: asked.filter((one) => one.kind === 'unread') };
}
