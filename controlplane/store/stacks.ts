import type { Conditions } from '../conditions.ts';
import type { DesiredStack } from '../desired.ts';
import type { Database } from './database.ts';

export interface StackRecord {
  readonly key: string;
  readonly kind: 'hub' | 'account' | 'region';
  readonly accountId: string;
  readonly region: string | null;
  /** The generation last made real; null before the first success. */
  readonly generation: string | null;
  /** Names of the stored exceptions that the generation carries; only the hub has any. */
  readonly exceptions: readonly string[];
  readonly conditions: Conditions;
  /** Set while an operation runs; found set at start, the operation was cut short. */
  readonly operationStartedAt: Date | null;
  readonly updatedAt: Date;
}

const columns = `key, kind, account_id as "accountId", region, generation, exceptions, conditions,
  operation_started_at as "operationStartedAt", updated_at as "updatedAt"`;

export interface StackStore {
  list(): Promise<StackRecord[]>;
  get(key: string): Promise<StackRecord | undefined>;
  /** Makes the record known; what it says of an earlier operation stays. */
  declare(stack: DesiredStack): Promise<StackRecord>;
  setConditions(key: string, conditions: Conditions): Promise<void>;
  /** Intent before the act: whoever finds it later knows that an operation was under way. */
  begin(key: string, conditions: Conditions): Promise<void>;
  /** The operation ended; what it made real is given only where it succeeded. */
  end(
    key: string,
    conditions: Conditions,
    made?: Pick<DesiredStack, 'generation' | 'exceptions'>,
  ): Promise<void>;
}

export function stackStore({ query }: Database): StackStore {
  const get = async (key: string) => {
    const [row] = await query<StackRecord>(`select ${columns} from stack where key = $1`, [key]);
    return row;
  };
  return {
    list: () => query(`select ${columns} from stack order by kind <> 'hub', account_id, kind, region`),
    get,
    async declare(stack) {
      const { kind, place } = stack.arguments;
      const region = kind === 'region' ? stack.arguments.cell.region : null;
      await query(
        `insert into stack (key, kind, account_id, region, updated_at) values ($1, $2, $3, $4, now())
         on conflict (key) do nothing`,
        [stack.key, kind, place.accountId, region],
      );
      const record = await get(stack.key);
      if (!record) throw new Error(`stack ${stack.key} vanished from the store`);
      return record;
    },
    async setConditions(key, conditions) {
      await query('update stack set conditions = $2, updated_at = now() where key = $1', [
        key,
        JSON.stringify(conditions),
      ]);
    },
    async begin(key, conditions) {
      await query(
        'update stack set conditions = $2, operation_started_at = now(), updated_at = now() where key = $1',
        [key, JSON.stringify(conditions)],
      );
    },
    async end(key, conditions, made) {
      await query(
        `update stack set conditions = $2, operation_started_at = null, generation = coalesce($3, generation),
           exceptions = coalesce($4, exceptions), updated_at = now() where key = $1`,
        [
          key,
          JSON.stringify(conditions),
          made?.generation ?? null,
          made ? JSON.stringify(made.exceptions ?? []) : null,
        ],
      );
    },
  };
}
