import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { keyQueue } from '../../../../controlplane/queue/key-queue.ts';
import { keyWorker } from '../../../../controlplane/queue/key-worker.ts';
import { openLeases } from '../../../../controlplane/queue/leases.ts';
import { keyReconciler } from '../../../../controlplane/reconcile/key.ts';
import { advanceRun } from '../../../../controlplane/runs/advance.ts';
import { runQueue } from '../../../../controlplane/runs/queue.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { openStore } from '../../../../controlplane/store/store.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import type { createWorld } from '../../../worlds/reconcile.ts';

const log = makeLogger('silent');

/** A database that stops answering once its process is dead. */
function mortal(database: Database) {
  let dead = false;
  const alive = async <T>(work: () => Promise<T>): Promise<T> => {
    if (dead) throw new Error('killed');
    const value = await work();
    if (dead) throw new Error('killed');
    return value;
  };
  const { db } = database.queueOptions;
  const asked = db && {
    ...db,
    executeSql: (sql: string, values?: unknown[]) => alive(() => db.executeSql(sql, values)),
  };
  const over: Database = {
    ...database,
    query: (sql, parameters) => alive(() => database.query(sql, parameters)),
    transaction: (work) => alive(() => database.transaction(work)),
    queueOptions: { ...database.queueOptions, ...(asked && { db: asked }) },
  };
  return {
    over,
    die: () => {
      dead = true;
    },
  };
}

/** Takes away what an earlier scheduler left in the queue, before the next one takes it up. */
export async function forgetJobs({ query }: Pick<Database, 'query'>): Promise<void> {
  const [made] = await query<{ there: boolean }>(`select to_regclass('queue.job') is not null as there`);
  if (made?.there) await query('delete from queue.job');
}

/** A worker with queues, leases and a store of its own over the world's fakes, as in a process of its own. */
export async function startScheduler(
  database: Database,
  { parts }: ReturnType<typeof createWorld>,
  ttlMs = 30_000,
  concurrent = 6,
) {
  const { over, die } = mortal(database);
  const store = openStore(over);
  const boss = openBoss(over, log, 1);
  const queue = keyQueue(over, boss, log, { heartbeatSeconds: 10 });
  await queue.start();
  const leases = openLeases(over, log, { ttlMs });
  const own = { ...parts, store, queue };
  const runs = runQueue({
    ...{ boss, store, leases, log, meter: parts.meter },
    advance: (id, signal) => advanceRun(own, id, signal),
    times: { heartbeat: 10, held: 1 },
  });
  await runs.start();
  const reconcile = keyReconciler({ ...own, runs });
  const worker = keyWorker({
    ...{ queue, leases, reconcile, log },
    ...{ concurrent, pollMs: 20, heldMs: 100, firstBackoffMs: 50 },
  });
  await worker.start();
  let gone = false;
  return {
    ...{ queue, runs, store },
    /** As `kill -9` would: nothing that it began is written down any more. */
    async kill() {
      gone = true;
      die();
      await Promise.allSettled([worker.stop(0), leases.stop(), queue.stop()]);
      runs.stop().catch(() => undefined);
    },
    async stop() {
      if (gone) return;
      gone = true;
      await worker.stop(5_000);
      await runs.stop();
      await queue.stop();
      await leases.stop();
    },
  };
}
