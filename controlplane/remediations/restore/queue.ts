import type { Lease } from '../../queue/leases.ts';
import { type WorkQueue, workQueue } from '../../queue/work-queue.ts';
import type { Uses } from '../../services/services.ts';
import type { NewRestore, Restore } from '../../store/restores.ts';

/** Restores wait here and are processed, several at a time. */
export interface RestoreQueue extends Pick<WorkQueue, 'resume' | 'start' | 'interrupt' | 'stop'> {
  /** After a crash the next start continues. @throws PortcullisError `conflict` when a rule has a restore */
  request(restore: NewRestore): Promise<Restore>;
}

const concurrent = 4;

/** Uses pg-boss in the database of the store. Starts nothing. */
export function restoreQueue(
  {
    boss,
    store: { restores, uninstall },
    log,
    leases,
  }: Uses<{
    boss: true;
    store: 'restores' | 'uninstall';
    log: true;
    leases: true;
  }>,
  carryOut: (id: string, signal: AbortSignal, lease: Lease) => Promise<void>,
): RestoreQueue {
  const { unfinished } = restores;
  const work = {
    ...{ name: 'restore', concurrent, unfinished, leases, isPaused: uninstall.isRequested },
    async carryOut(id: string, signal: AbortSignal, lease?: Lease) {
      if (!lease) throw new Error('a restore needs a lease');
      await carryOut(id, signal, lease);
    },
  };
  const { send, ...queue } = workQueue(boss, work, log);
  return {
    async request(restore) {
      await restores.create(restore);
      await send(restore.id);
      const recorded = await restores.get(restore.id);
      if (!recorded) throw new Error(`restore ${restore.id} is missing from the store`);
      return recorded;
    },
    ...queue,
  };
}
