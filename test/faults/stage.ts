import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { until } from '../../sandbox/demo/security-group.ts';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts';
import { fleet } from '../../sandbox/seed/organization.ts';
import { type Postgres, postgresPrograms, startPostgres } from '../worlds/postgres.ts';
import { leaseLines, recordLeases } from './lease-history.ts';
import { watchStacks } from './processes.ts';
import { makeWorker, type Worker } from './worker.ts';

/** An organization, a database, a state and workers on them, to be treated badly. */
export interface FaultStage {
  readonly sandbox: Sandbox;
  readonly postgres: Postgres;
  readonly workers: readonly [Worker, ...Worker[]];
  /** The directory of logs and of the Pulumi state. */
  readonly directory: string;
  /** Account and Region of every cell that there should be. */
  readonly cells: readonly { readonly accountId: string; readonly region: string }[];
  /** Every account to be wired, hub and management account among them. */
  readonly accountIds: readonly string[];
  readonly stacks: ReturnType<typeof watchStacks>;
  /** A statement of the test's own, past the workers. */
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** What any running worker answers, tried again while none does. */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  /** Ends everything; logs and state are kept where the test asked for it. */
  stop(): Promise<void>;
}

export interface StageSettings {
  /** Members, beside hub and management account. */
  readonly accounts: number;
  readonly regions: number;
  readonly workers?: number;
  readonly parallel?: number;
  readonly environment?: Record<string, string>;
  /** Arguments of Node for the worker of a number, from 0. */
  readonly nodeArguments?: (worker: number) => readonly string[];
  /** The database address for the worker with this number, made from the real one. */
  readonly databaseUrl?: (url: string, worker: number) => Promise<string>;
}

/** Why the suite cannot run here; undefined where it can. */
export function lacking(): string | undefined {
  if (process.platform !== 'linux') return 'processes are found in /proc, which only Linux has';
  return postgresPrograms() ? undefined : 'no Postgres on PATH or from the package manager';
}

/** All workers take it. */
const faultToken = 'the-token-of-the-fault-suite';

/** Asks a worker that runs, for two minutes at most. */
function asking(workers: readonly Worker[]) {
  return <T>(path: string, body?: unknown): Promise<T> =>
    until(`an answer to ${path}`, 120, async () => {
      for (const worker of workers) {
        const url = worker.url();
        if (!url) continue;
        try {
          const response = await fetch(new URL(path, url), {
            signal: AbortSignal.timeout(10_000),
            headers: {
              authorization: `Bearer ${faultToken}`,
              ...(body !== undefined && { 'content-type': 'application/json' }),
            },
            ...(body !== undefined && {
              method: 'POST',
              body: JSON.stringify(body),
            }),
          });
          if (response.ok) return (await response.json()) as T;
          if (response.status < 500)
            throw new TypeError(`${path}: ${response.status} ${await response.text()}`);
        } catch (error) {
          if (error instanceof TypeError && error.message.startsWith(path)) throw error;
        }
      }
      return undefined;
    });
}

/** Starts everything but the workers. @throws when a part does not start; nothing is left behind then */
export async function openStage(settings: StageSettings): Promise<FaultStage> {
  const closers: (() => unknown)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  try {
    const directory = mkdtempSync(join(tmpdir(), 'portcullis-faults-'));
    if (!process.env.FAULT_KEEP) closers.push(() => rmSync(directory, { recursive: true, force: true }));
    const postgres = await startPostgres(postgresPrograms() ?? '');
    closers.push(() => postgres.stop());
    const address = await postgres.database('portcullis');
    const pool = new pg.Pool({ connectionString: address, max: 2 });
    pool.on('error', () => undefined); // the server may be killed
    closers.push(() => pool.end());
    const sandbox = await startSandbox({ blueprint: fleet(settings.accounts, settings.regions) });
    closers.push(sandbox.stop);
    const workers = await workersOf(settings, { directory, address, sandbox });
    closers.push(() => Promise.all(workers.map((worker) => worker.kill(true))));
    const stacks = watchStacks(`FAULT_WORKER=${directory}/`);
    closers.push(stacks.stop);
    const query = async <Row>(sql: string, parameters: readonly unknown[] = []) =>
      (await pool.query(sql, [...parameters])).rows as Row[];
    if (process.env.FAULT_KEEP) closers.push(() => keep(query, directory));
    const ask = asking(workers);
    return {
      ...{ sandbox, postgres, workers, directory, stacks, stop },
      ...placesOf(sandbox),
      query,
      get: (path) => ask(path),
      post: (path, body) => ask(path, body),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the database knew, beside the logs. */
async function keep(query: FaultStage['query'], directory: string): Promise<void> {
  writeFileSync(join(directory, 'leases.jsonl'), await leaseLines(query));
  for (const table of ['run', 'run_stack', 'stack', 'queue.job']) {
    const rows = await query(`select * from ${table}`);
    writeFileSync(join(directory, `${table}.json`), JSON.stringify(rows, undefined, 1));
  }
}

function placesOf({ organization }: Sandbox) {
  const always = organization.regions.filter((region) => region !== organization.optInRegion);
  const own = [organization.managementAccountId, organization.hubAccountId];
  const members = [...own.map((id) => ({ id, regions: always })), ...organization.members];
  return {
    accountIds: members.map(({ id }) => id),
    cells: members.flatMap(({ id, regions }) => regions.map((region) => ({ accountId: id, region }))),
  };
}

async function workersOf(
  settings: StageSettings,
  { directory, address, sandbox }: { directory: string; address: string; sandbox: Sandbox },
): Promise<[Worker, ...Worker[]]> {
  const state = join(directory, 'state');
  mkdirSync(state, { recursive: true });
  const make = async (number: number) =>
    makeWorker({
      name: `worker-${number}`,
      directory,
      nodeArguments: settings.nodeArguments?.(number) ?? [],
      environment: {
        ...sandbox.environment,
        PORTCULLIS_STATE: `file://${state}`,
        PORTCULLIS_REQUESTS_PER_MINUTE: '1000000',
        PORTCULLIS_TOKENS: `faults:operator:${faultToken}`,
        PORTCULLIS_PARALLEL: String(settings.parallel ?? 4),
        DATABASE_URL: (await settings.databaseUrl?.(address, number)) ?? address,
        ...settings.environment,
      },
    });
  const numbers = Array.from({ length: (settings.workers ?? 2) - 1 }, (_, index) => index + 1);
  return [await make(0), ...(await Promise.all(numbers.map(make)))];
}

/** Starts every worker, the first one before the others, and from then on remembers who held which key when. */
export async function startWorkers(stage: FaultStage): Promise<void> {
  const [first, ...others] = stage.workers;
  await first.start();
  await recordLeases(stage.query);
  await Promise.all(others.map((worker) => worker.start()));
}
