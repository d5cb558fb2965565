import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Conditions } from '../stacks/conditions.ts';
import type { Database } from './database/database.ts';
import { type Filter, type PageRequest, readPage } from './database/page.ts';
import { firstValue } from './database/query.ts';

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** What is left of a stack whose resources are out of reach. */
export interface ArchivedStack {
  readonly key: string;
  /** When it began to depart. */
  readonly since: Date;
  readonly accountId: string;
  readonly accountName: string;
  readonly kind: 'account' | 'region';
  readonly region: string | null;
  readonly reason: string;
  readonly archivedAt: Date;
  readonly generation: string | null;
  readonly conditions: Conditions;
  /** Whether its state was archived; without, there was none. */
  readonly hasState: boolean;
  /** When a stack of this key was there again; null while it stays gone. */
  readonly returnedAt: Date | null;
}

export type NewArchivedStack = Omit<ArchivedStack, 'hasState' | 'returnedAt' | 'archivedAt'> & {
  /** The stack's deployment as JSON text, secrets encrypted; undefined where there is none. */
  readonly state: string | undefined;
};

const columns = `key, since, account_id, account_name, kind, region, reason, archived_at, generation,
  conditions, state is not null as has_state, returned_at`;

export function archivedStackStore({ query }: Database) {
  return {
    /** Keeps it; asked for again, as after a crash, a state that was archived stays. */
    async archive({ state, ...stack }: NewArchivedStack, at: Date) {
      const archived = state === undefined ? null : (await compress(state)).toString('base64');
      await query(
        `insert into archived_stack as t (key, since, account_id, account_name, kind, region, reason, archived_at,
           generation, conditions, state)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (key, since) do update set state = coalesce(excluded.state, t.state), reason = excluded.reason`,
        [
          ...[stack.key, stack.since, stack.accountId, stack.accountName, stack.kind, stack.region],
          ...[stack.reason, at, stack.generation, JSON.stringify(stack.conditions), archived],
        ],
      );
    },
    /** Newest first. */
    list: () => query<ArchivedStack>(`select ${columns} from archived_stack order by archived_at desc, key`),
    page: ({ account, region }: Filter<'account' | 'region'>, page: PageRequest) =>
      readPage<ArchivedStack>(query, page, {
        ...{ columns, from: 'archived_stack', descending: true },
        order: { archived_at: 'timestamptz', key: 'text', since: 'timestamptz' },
        equal: { account_id: account, region },
      }),
    /** The newest archived state of a key, as the engine exported it. */
    async state(key: string): Promise<string | undefined> {
      const state = await firstValue<string>(
        query,
        'select state from archived_stack where key = $1 and state is not null order by since desc limit 1',
        [key],
      );
      return state && (await expand(Buffer.from(state, 'base64'))).toString();
    },
    /** Marks those whose stack is there again. */
    async markReturned(at: Date) {
      await query(
        `update archived_stack t set returned_at = $1
         where returned_at is null and exists (select 1 from stack s where s.key = t.key)
           and not exists (select 1 from offboarding d where d.key = t.key and d.done_at is null)`,
        [at],
      );
    },
  };
}
