import { openBoss } from '../../controlplane/queue/boss.ts';
import { keyQueue } from '../../controlplane/queue/key-queue.ts';
import { keyWorker } from '../../controlplane/queue/key-worker.ts';
import { openLeases } from '../../controlplane/queue/leases.ts';
import { decide } from '../../controlplane/reconcile/decide.ts';
import type { Database } from '../../controlplane/store/database/database.ts';
import { openStore } from '../../controlplane/store/store.ts';
import { makeLogger } from '../../controlplane/telemetry/log.ts';
import { generation, release } from './sample.ts';

const hour = 3_600_000;

export interface SweepWorker {
  /** Keys reconciled so far. */
  done(): number;
  stop(): Promise<void>;
}

/**
 * A worker as the service starts it. Its reconcile loads the stack's record and finds no change. Reports each key
 * without a record: those are the new accounts.
 */
export async function startSweepWorker(
  database: Database,
  concurrent: number,
  onNew: (key: string) => void,
): Promise<SweepWorker> {
  const log = makeLogger('error');
  const { stacks } = openStore(database);
  const queue = keyQueue(database, openBoss(database, log), log);
  await queue.start();
  const leases = openLeases(database, log);
  let done = 0;
  const worker = keyWorker({
    ...{ queue, leases, log, concurrent },
    async reconcile(key) {
      const record = await stacks.get(key);
      if (!record) {
        onNew(key);
        return { kind: 'ok' };
      }
      const decision = decide({ desired: { generation }, record, release, asked: undefined });
      if (decision.do !== 'nothing') throw new Error(`${key}: ${decision.do}`);
      done += 1;
      return { kind: 'ok', requeueAfterMs: hour };
    },
  });
  await worker.start();
  return {
    done: () => done,
    async stop() {
      await worker.stop(10_000);
      await leases.stop();
      await queue.stop();
    },
  };
}
