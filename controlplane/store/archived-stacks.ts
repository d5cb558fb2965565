import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Conditions } from '../stacks/conditions.ts';
import type { Database } from './database/database.ts';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** What is left of a stack whose resources are out of reach. */
export interface Tombstone {
  readonly key: string;
  /** When it began to depart. */
  readonly since: Date;
  readonly accountId: string;
  readonly accountName: string;
  readonly kind: 'account' | 'region';
  readonly region: string | null;
  readonly reason: string;
  readonly entombedAt: Date;
  readonly generation: string | null;
  readonly conditions: Conditions;
  /** Whether its state was archived; without, there was none. */
  readonly hasState: boolean;
  /** When a stack of this key was there again; null while it stays gone. */
  readonly returnedAt: Date | null;
}

export type NewTombstone = Omit<Tombstone, 'hasState' | 'returnedAt' | 'entombedAt'> & {
  /** The stack's deployment as JSON text, secrets encrypted; undefined where there is none. */
  readonly state: string | undefined;
};

const columns = `key, since, account_id as "accountId", account_name as "accountName", kind, region, reason,
  entombed_at as "entombedAt", generation, conditions, state is not null as "hasState", returned_at as "returnedAt"`;

export interface TombstoneStore {
  /** Keeps it; asked for again, as after a crash, a state that was archived stays. */
  keep(tombstone: NewTombstone, at: Date): Promise<void>;
  /** Newest first. */
  list(): Promise<Tombstone[]>;
  /** The newest archived state of a key, as the engine exported it. */
  state(key: string): Promise<string | undefined>;
  /** Marks those whose stack is there again. */
  markReturned(at: Date): Promise<void>;
}

export function tombstoneStore({ query }: Pick<Database, 'query'>): TombstoneStore {
  return {
    async keep({ state, ...stone }, at) {
      const archived = state === undefined ? null : (await compress(state)).toString('base64');
      await query(
        `insert into tombstone as t (key, since, account_id, account_name, kind, region, reason, entombed_at,
           generation, conditions, state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (key, since) do update set state = coalesce(excluded.state, t.state), reason = excluded.reason`,
        [
          ...[stone.key, stone.since, stone.accountId, stone.accountName, stone.kind, stone.region],
          ...[stone.reason, at, stone.generation, JSON.stringify(stone.conditions), archived],
        ],
      );
    },
    list: () => query(`select ${columns} from tombstone order by entombed_at desc, key`),
    async state(key) {
      const [row] = await query<{ state: string }>(
        'select state from tombstone where key = $1 and state is not null order by since desc limit 1',
        [key],
      );
      return row && (await expand(Buffer.from(row.state, 'base64'))).toString();
    },
    async markReturned(at) {
      await query(
        `update tombstone t set returned_at = $1
         where returned_at is null and exists (select 1 from stack s where s.key = t.key)
           and not exists (select 1 from departure d where d.key = t.key and d.done_at is null)`,
        [at],
      );
    },
  };
}
