import type { Conditions } from '../stacks/conditions.ts';
import type { DesiredStack } from '../stacks/desired.ts';
import type { Database, Query } from './database/database.ts';
import { accountBelow, conditionIs, type FleetFilter } from './database/filter.ts';
import { type Holder, LeaseLost, leaseGuard } from './database/lease-guard.ts';
import { type PageRequest, readPage } from './database/page.ts';
import { firstRow } from './database/query.ts';

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
  /** Set while an operation runs; found set under a new lease, the operation was cut short. */
  readonly operationStartedAt: Date | null;
  /** Counted failures in a row. */
  readonly failures: number;
  /** The generation that failed last. */
  readonly failedGeneration: string | null;
  /** What the fleet as a whole was to be when the stack was last made: a roll-out changes it. */
  readonly release: string | null;
  /** Of the programs that made it last. */
  readonly programVersion: string | null;
  readonly updatedAt: Date;
}

/** Whether an operation on it succeeded once. */
export const isMade = (stack: Pick<StackRecord, 'generation'> | undefined): boolean =>
  stack !== undefined && stack.generation !== null;

const columns = `key, kind, account_id, region, generation, exceptions, conditions, operation_started_at,
  failures, failed_generation, release, program_version, updated_at`;

/** What an operation made real. */
export interface Made extends Pick<DesiredStack, 'generation' | 'exceptions'> {
  readonly release: string;
  readonly programVersion: string;
}

export interface Failure {
  readonly generation: string;
  readonly counted: boolean;
  /** What an earlier holder left is still in the way: the next holder has to recover. */
  readonly unrecovered?: boolean;
  /** Conditions that are also set after so many counted failures at the generation. */
  readonly stalled?: { readonly after: number; readonly conditions: Conditions };
}

/** What went wrong in a row, by now. */
export interface FailureCount {
  readonly failures: number;
  /** Failures of the way there alone: 0 where the last one was the stack's own. */
  readonly transientFailures: number;
}

const stackOf = (query: Query, key: string) =>
  firstRow<StackRecord>(query, `select ${columns} from stack where key = $1`, [key]);

/** An update of one stack by the holder of its key; the last parameter is the token. @throws LeaseLost */
async function write(
  query: Query,
  set: string,
  key: string,
  values: readonly unknown[],
  { token }: Holder,
): Promise<FailureCount> {
  const [row] = await query<FailureCount>(
    `update stack set ${set}, updated_at = now()
     where key = $1 and ${leaseGuard('$1', `$${values.length + 2}`)} returning failures, transient_failures`,
    [key, ...values, token],
  );
  if (!row) throw new LeaseLost(key);
  return row;
}

const stackReads = ({ query }: Database) => ({
  list: () =>
    query<StackRecord>(`select ${columns} from stack order by kind <> 'hub', account_id, kind, region`),
  ofAccount: (id: string) =>
    query<StackRecord>(`select ${columns} from stack where account_id = $1 and kind <> 'hub' order by key`, [
      id,
    ]),
  /** Of every account that has a stack: whether it was made, and its failures in a row. */
  accounts: (): Promise<{ accountId: string; made: boolean; failures: number }[]> =>
    query(`select account_id, generation is not null as made, failures from stack where kind = 'account'`),
  /** Whether a member stack was made at another release than this. */
  async hasOtherRelease(release: string): Promise<boolean> {
    const other = await firstRow(
      query,
      `select 1 from stack where kind <> 'hub' and generation is not null and release is distinct from $1 limit 1`,
      [release],
    );
    return other !== undefined;
  },
  get: (key: string) => stackOf(query, key),
  /** The hub first, then by account: its own stack, then those of its Regions. */
  page: ({ account, region, organizationalUnit, condition }: FleetFilter, page: PageRequest) =>
    readPage<StackRecord>(query, page, {
      ...{ columns, from: 'stack' },
      order: { "(kind <> 'hub')": 'boolean', account_id: 'text', key: 'text' },
      equal: { account_id: account, region },
      where: [accountBelow(organizationalUnit), conditionIs(condition)],
    }),
});

const stackDeclarations = ({ query }: Database) => ({
  /** Makes the record known; what it says of an earlier operation stays. */
  async declare(stack: DesiredStack): Promise<StackRecord> {
    const known = await stackOf(query, stack.key);
    if (known) return known;
    const { kind, place } = stack.arguments;
    const region = kind === 'region' ? stack.arguments.cell.region : null;
    await query(
      `insert into stack (key, kind, account_id, region, updated_at) values ($1, $2, $3, $4, now())
       on conflict (key) do nothing`,
      [stack.key, kind, place.accountId, region],
    );
    const record = await stackOf(query, stack.key);
    if (!record) throw new Error(`stack ${stack.key} vanished from the store`);
    return record;
  },
  /** Changes the conditions named and leaves the others. */
  async setConditions(key: string, conditions: Conditions) {
    await query('update stack set conditions = conditions || $2::jsonb, updated_at = now() where key = $1', [
      key,
      JSON.stringify(conditions),
    ]);
  },
});

/** What an operation is about to do, and what came of it. */
const stackOperations = ({ query }: Database) => ({
  /** Records the intent before the act: a later holder sees by it that an operation was under way. @throws LeaseLost */
  async begin(key: string, conditions: Conditions, holder: Holder) {
    const set = 'conditions = $2, operation_started_at = coalesce(operation_started_at, now())';
    await write(query, set, key, [JSON.stringify(conditions)], holder);
  },
  /** The operation succeeded. @throws LeaseLost */
  async succeeded(
    key: string,
    conditions: Conditions,
    { generation, exceptions = [], release, programVersion }: Made,
    holder: Holder,
  ) {
    await write(
      query,
      `conditions = $2, operation_started_at = null, failures = 0, transient_failures = 0, failed_generation = null, generation = $3,
       exceptions = $4, release = $5, program_version = $6`,
      key,
      [JSON.stringify(conditions), generation, JSON.stringify(exceptions), release, programVersion],
      holder,
    );
  },
  /** The operation failed, which is recorded and counted in one step. @throws LeaseLost */
  async failed(
    key: string,
    conditions: Conditions,
    { generation, counted, unrecovered, stalled }: Failure,
    holder: Holder,
  ): Promise<FailureCount> {
    const count = 'case when failed_generation is distinct from $3 then 0 else failures end + $4::int';
    return write(
      query,

      `conditions = $2::jsonb || case when ${count} >= $5::int then $6::jsonb else '{}' end,
       operation_started_at = case when $7 then operation_started_at end, failed_generation = $3, failures = ${count},
       transient_failures = case when $4::int = 0 then transient_failures + 1 else 0 end`,
      key,
      [
        ...[JSON.stringify(conditions), generation, counted ? 1 : 0],
        ...[stalled?.after ?? null, JSON.stringify(stalled?.conditions ?? {}), unrecovered === true],
      ],
      holder,
    );
  },
});

export const stackStore = (database: Database) => ({
  ...stackReads(database),
  ...stackDeclarations(database),
  ...stackOperations(database),
});
