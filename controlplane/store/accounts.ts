import type { AccountState, OrganizationAccount } from '../stacks/account.ts';
import type { Conditions } from '../stacks/conditions.ts';
import type { RegionCoverage } from '../stacks/trail-check.ts';
import type { Database } from './database/database.ts';
import { conditionIs, type FleetFilter } from './database/filter.ts';
import { type Filter, type PageRequest, readPage } from './database/page.ts';
import { firstRow, firstValue, rowsOf } from './database/query.ts';

export interface AccountRecord {
  readonly id: string;
  readonly name: string;
  /** `DEPARTED`: once part of the organization, not listed any more. */
  readonly state: AccountState | 'DEPARTED';
  readonly path: string;
  readonly parents: readonly string[];
  /** Names of the organizational units above it, the topmost first. */
  readonly unitNames: readonly string[];
  /** Its tags in AWS Organizations; null until they are read, which happens only when the policy uses tags. */
  readonly tags: Readonly<Record<string, string>> | null;
  /** When they were read; null where they may have changed since. */
  readonly tagsReadAt: Date | null;
  readonly joinedAt: Date | null;
  readonly regions: readonly RegionCoverage[];
  readonly conditions: Conditions;
  readonly updatedAt: Date;
}

const columns = `id, name, state, path, parents, unit_names, tags, tags_read_at, joined_at, regions,
  conditions, updated_at`;

const listedAccounts = ({ query }: Pick<Database, 'query'>) => ({
  list: () => query<AccountRecord>(`select ${columns} from account order by path, name, id`),
  get: (id: string) => firstRow<AccountRecord>(query, `select ${columns} from account where id = $1`, [id]),
  /** By path, name and id. */
  page: (
    { account, region, organizationalUnit, condition, state }: FleetFilter & Filter<'state'>,
    page: PageRequest,
  ) =>
    readPage<AccountRecord>(query, page, {
      ...{ columns, from: 'account', order: { path: 'text', name: 'text', id: 'text' } },
      equal: { id: account, state },
      where: [
        [`regions @> jsonb_build_array(jsonb_build_object('region', $value::text))`, region],
        ['parents ? $value', organizationalUnit],
        conditionIs(condition),
      ],
    }),
  /**
   * Records what a listing of the organization says that was begun at `readAt`, by the database's clock; those it does
   * not list any more are marked departed. What a later listing said stays; one of the future is no later one.
   */
  async seen(accounts: readonly OrganizationAccount[], readAt: Date) {
    await query(
      `insert into account (id, name, state, path, parents, unit_names, joined_at, seen_at, updated_at)
       select id, name, state, path, parents, unit_names, joined_at, $2, now()
       from jsonb_populate_recordset(null::account, $1::jsonb)
       on conflict (id) do update set name = excluded.name, state = excluded.state, path = excluded.path,
         parents = excluded.parents, unit_names = excluded.unit_names, joined_at = excluded.joined_at,
         seen_at = excluded.seen_at, updated_at = now()
       where account.seen_at <= excluded.seen_at or account.seen_at > now()`,
      [rowsOf(accounts), readAt],
    );
    await query(
      `update account set state = 'DEPARTED', seen_at = $2, updated_at = now()
       where state <> 'DEPARTED' and not (id = any($1)) and (seen_at <= $2 or seen_at > now())`,
      [accounts.map(({ id }) => id), readAt],
    );
  },
});

const accountTags = ({ query }: Pick<Database, 'query'>) => ({
  /** Records the tags that were read at a moment of the database's; what a later reading said stays. */
  async setTags(id: string, tags: Readonly<Record<string, string>>, readAt: Date) {
    await query(
      `update account set tags = $2, tags_read_at = $3, updated_at = now()
       where id = $1 and (tags_read_at is null or tags_read_at <= $3 or tags_read_at > now())`,
      [id, JSON.stringify(tags), readAt],
    );
  },
  /** They are read again when they are needed next. */
  async forgetTags(id: string) {
    await query('update account set tags_read_at = null where id = $1', [id]);
  },
});

/** What reading an account found. */
const accountObservations = ({ query }: Pick<Database, 'query'>) => ({
  /** How many reads in a row found the account not ready, over all workers. */
  failedReads: async (id: string) =>
    (await firstValue<number>(query, 'select failed_reads from account where id = $1', [id])) ?? 0,
  /** Counts a read: one that found the account ready ends the row. */
  async recordRead(id: string, ready: boolean) {
    const count = ready
      ? 'failed_reads = 0 where failed_reads > 0 and'
      : 'failed_reads = failed_reads + 1 where';
    await query(`update account set ${count} id = $1`, [id]);
  },
  async setRegions(id: string, regions: AccountRecord['regions']) {
    await query('update account set regions = $2, updated_at = now() where id = $1', [
      id,
      JSON.stringify(regions),
    ]);
  },
  /** Leaves a Region out of those of an account, and every other as it is. */
  async dropRegion(id: string, region: string) {
    await query(
      `update account set updated_at = now(), regions = (
         select coalesce(jsonb_agg(each order by number), '[]') from jsonb_array_elements(regions)
           with ordinality as listed (each, number) where each->>'region' <> $2)
       where id = $1`,
      [id, region],
    );
  },
  /** Changes the conditions named and leaves the others: several keys of an account may set them at the same time. */
  async setConditions(id: string, conditions: Conditions) {
    await query('update account set conditions = conditions || $2::jsonb, updated_at = now() where id = $1', [
      id,
      JSON.stringify(conditions),
    ]);
  },
});

export const accountStore = (database: Pick<Database, 'query'>) => ({
  ...listedAccounts(database),
  ...accountTags(database),
  ...accountObservations(database),
});

export type AccountStore = ReturnType<typeof accountStore>;
