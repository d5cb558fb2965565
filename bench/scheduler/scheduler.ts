import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openBoss } from '../../controlplane/queue/boss.ts';
import { keyQueue, priorities } from '../../controlplane/queue/key-queue.ts';
import { type Database, openDatabase } from '../../controlplane/store/database/database.ts';
import { makeLogger } from '../../controlplane/telemetry/log.ts';
import { postgresPrograms, startPostgres } from '../../test/worlds/postgres.ts';
import { type Figures, median, percentile } from '../figures.ts';
import type { Said } from './child.ts';
import { fillQueue, recordCells } from './sample.ts';
import { startSweepWorker } from './worker.ts';

/** As many keys at once as the service takes by default. */
const concurrent = 8;
const child = fileURLToPath(new URL('child.ts', import.meta.url));

interface Options {
  readonly cells: number;
  /** How long each kind of worker is measured, milliseconds. */
  readonly forMs: number;
  readonly progress: (line: string) => void;
}

/** Workers of one kind, however many. */
interface Workers {
  done(): number;
  /** Of the largest process, bytes. */
  rss(): number;
  stop(): Promise<void>;
}

type Start = (onNew: (key: string) => void) => Promise<Workers>;

const here =
  (database: Database, count: number): Start =>
  async (onNew) => {
    const each = () => startSweepWorker(database, concurrent, onNew);
    const workers = await Promise.all(Array.from({ length: count }, each));
    return {
      done: () => workers.reduce((sum, worker) => sum + worker.done(), 0),
      rss: () => process.memoryUsage.rss(),
      stop: async () => void (await Promise.all(workers.map((worker) => worker.stop()))),
    };
  };

const processes =
  (databaseUrl: string, count: number): Start =>
  async (onNew) => {
    const said = Array.from({ length: count }, () => ({ done: 0, rss: 0 }));
    const children = said.map((_, index) => {
      const each = fork(child, [databaseUrl, String(concurrent)], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      each.on('message', (message: Said) => {
        if ('begun' in message) onNew(message.begun);
        else said[index] = message;
      });
      return each;
    });
    await Promise.all(children.map((each) => once(each, 'message')));
    return {
      done: () => said.reduce((sum, { done }) => sum + done, 0),
      rss: () => Math.max(...said.map(({ rss }) => rss)),
      async stop() {
        await Promise.all(
          children.map((each) => {
            const ended = once(each, 'exit');
            each.send('stop');
            return ended;
          }),
        );
      },
    };
  };

/** One row read by its key, in turn: how often a second. What anything costs that asks the database at all. */
async function readsASecond({ query }: Database): Promise<number> {
  const begun = performance.now();
  let reads = 0;
  for (; performance.now() - begun < 1_000; reads += 1) {
    await query('select key, conditions from stack where key = $1', ['region-300000000001-eu-sample-1']);
  }
  return (reads * 1_000) / (performance.now() - begun);
}

/** Measures workers on a queue in which every cell waits: keys a second, and how soon a new account is begun. */
async function measureWorkers(
  name: string,
  database: Database,
  start: Start,
  figures: Figures,
  options: Options,
) {
  const { cells, forMs, progress } = options;
  progress(`${name}: ${cells} keys …`);
  await database.query(`delete from queue.job where name = 'key'`);
  await database.query('truncate lease');
  const queue = keyQueue(database, openBoss(database, makeLogger('error')), makeLogger('error'));
  await queue.start();
  const added = await fillQueue(queue, cells);
  const woken = new Map<string, number>();
  const waits: number[] = [];
  const workers = await start((key) => waits.push(performance.now() - (woken.get(key) ?? Number.NaN)));
  const begun = performance.now();
  const doneBefore = workers.done();
  do {
    await rest(250);
    const key = `account-${500_000_000_000 + woken.size}`;
    woken.set(key, performance.now());
    await queue.enqueue([key], priorities.onboarding);
  } while (performance.now() - begun < forMs && workers.done() < cells * 0.95);
  const rate = ((workers.done() - doneBefore) * 1_000) / (performance.now() - begun);
  while (waits.length < woken.size && performance.now() - begun < forMs + 30_000) await rest(50);
  const rss = workers.rss();
  await workers.stop();
  await queue.stop();
  figures.add(`${name}: keys a second`, rate, '1/s');
  figures.add(`${name}: new account to its reconcile, median`, median(waits), 'ms');
  figures.add(`${name}: new account to its reconcile, 99th percentile`, percentile(waits, 99), 'ms');
  figures.add(`${name}: memory of a worker`, rss / 2 ** 20, 'MiB');
  return { rate, added };
}

const openAt = (databaseUrl: string | undefined, data: string) =>
  openDatabase({ databaseUrl, data }, (error) => {
    throw error;
  });

async function prepared(database: Database, cells: number): Promise<Database> {
  const queue = keyQueue(database, openBoss(database, makeLogger('error')), makeLogger('error'));
  await queue.start();
  await queue.stop();
  await recordCells(database, cells);
  return database;
}

async function measurePostgres(figures: Figures, options: Options): Promise<void> {
  const programs = postgresPrograms();
  if (!programs) throw new Error('initdb and postgres are not installed');
  const server = await startPostgres(programs);
  try {
    const url = await server.database('portcullis');
    const database = await prepared(await openAt(url, ''), options.cells);
    const reads = await readsASecond(database);
    const name = (count: number) => `scheduler on Postgres, ${count} worker${count > 1 ? 's' : ''}`;
    const one = await measureWorkers(name(1), database, processes(url, 1), figures, options);
    const four = await measureWorkers(name(4), database, processes(url, 4), figures, options);
    figures.add('scheduler on Postgres: keys put a second', one.added, '1/s');
    figures.add('scheduler on Postgres: keys a second / reads of one row in turn', one.rate / reads, 'ratio');
    figures.add('scheduler on Postgres: 4 workers / 1 worker', four.rate / one.rate, 'ratio');
    await database.close();
  } finally {
    await server.stop();
  }
}

async function measurePglite(figures: Figures, options: Options): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  try {
    const database = await prepared(await openAt(undefined, data), options.cells);
    const reads = await readsASecond(database);
    const one = await measureWorkers(
      'scheduler on PGlite, 1 worker',
      database,
      here(database, 1),
      figures,
      options,
    );
    const four = await measureWorkers(
      'scheduler on PGlite, 4 workers',
      database,
      here(database, 4),
      figures,
      options,
    );
    figures.add('scheduler on PGlite: keys put a second', one.added, '1/s');
    figures.add('scheduler on PGlite: keys a second / reads of one row in turn', one.rate / reads, 'ratio');
    figures.add('scheduler on PGlite: 4 workers / 1 worker', four.rate / one.rate, 'ratio');
    await database.close();
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

/** Measures queue, leases and store with a reconcile that finds everything as declared, on both databases. */
export async function measureScheduler(
  figures: Figures,
  { quick, progress }: { quick: boolean; progress: (line: string) => void },
): Promise<void> {
  const cells = quick ? 10_000 : 100_000;
  const options = { cells, forMs: quick ? 8_000 : 60_000, progress };
  figures.add('scheduler: cells', cells, 'count');
  await measurePostgres(figures, options);
  await measurePglite(figures, options);
}
