import { setTimeout as pause } from 'node:timers/promises';
import { reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';
import { every, poll } from '../time/poll.ts';
import type { Boss } from './boss.ts';
import type { Lease, Leases } from './leases.ts';

interface Work {
  readonly name: string;
  /** Maximum number in progress at once. */
  readonly concurrent: number;
  unfinished(): Promise<readonly string[]>;
  /** Whether nothing may be done now. Jobs are dropped then; `resume` enqueues the unfinished work later. */
  isPaused?(): Promise<boolean>;
  /**
   * Called again for an id after a crash or an error, never twice at the same time in one process and, with leases,
   * over all workers. The signal aborts when the service stops or the lease is lost; the next worker continues.
   */
  carryOut(id: string, signal: AbortSignal, lease?: Lease): Promise<void>;
  readonly leases?: Leases;
  readonly times?: WorkTimes | undefined;
}

/** How soon the work of a dead process is retried, seconds. */
export interface WorkTimes {
  /** Another worker takes a job without a heartbeat for this long; at least 10. */
  readonly heartbeat?: number;
  /** Retry delay of an id that another worker holds. */
  readonly held?: number;
}

const day = 24 * 3600;

const handBackRetryMs = 1_000;
const stopMs = 60_000;

/** Releases a lease, with retries: an unused lease would be renewed forever. */
async function handBack(leases: Leases, lease: Lease, log: Logger): Promise<void> {
  await poll(every(handBackRetryMs), async () => {
    const last = lease.signal.aborted; // lost, or the service stops: it expires
    try {
      await leases.release([lease]);
      return true;
    } catch (error) {
      if (!last) log.warn({ key: lease.key, error: reasonOf(error) }, 'lease not released; trying again');
      return last || undefined;
    }
  });
}

/** Processes an id when it is due: once at a time and, where there are leases, under its lease. */
function turns(
  { jobs }: Boss,
  work: Work,
  log: Logger,
  stopping: AbortSignal,
): (id: string) => Promise<void> {
  const { held = 40 } = work.times ?? {};
  /** A second job for one of these, left by an earlier process, has nothing to do. */
  const underWay = new Set<string>();

  /** Retried a minute later, in case the other holder died. A stopping worker gets no lease. */
  const underLease = async (id: string, leases: Leases) => {
    const [lease] = await leases.acquire([{ key: `${work.name}:${id}` }]);
    if (!lease) {
      await jobs.send(work.name, null, {
        singletonKey: id,
        startAfter: stopping.aborted ? 0 : held,
      });
      return;
    }
    try {
      await work.carryOut(id, AbortSignal.any([lease.signal, stopping]), lease);
    } finally {
      await handBack(leases, lease, log);
    }
  };

  return async (id: string) => {
    if (underWay.has(id)) return;
    underWay.add(id);
    try {
      if (await work.isPaused?.()) return;
      await (work.leases ? underLease(id, work.leases) : work.carryOut(id, stopping));
    } finally {
      underWay.delete(id);
    }
  };
}

/** A queue of ids. The work itself is recorded elsewhere. Starts nothing. */
export function workQueue(boss: Boss, work: Work, log: Logger) {
  const { heartbeat = 30 } = work.times ?? {};
  const { jobs } = boss;
  /** Enqueues the id; by the queue's policy, nothing while a job of it waits. */
  const send = async (id: string) => {
    await jobs.send(work.name, null, { singletonKey: id });
  };
  const stopping = new AbortController();

  const carryOut = turns(boss, work, log, stopping.signal);

  /** Enqueues all unfinished work without a job: its job may have used up its retries. */
  const resume = async () => {
    if (await work.isPaused?.()) return;
    for (const id of await work.unfinished()) await send(id);
  };

  /** Takes nothing new and aborts the work in progress. */
  const interrupt = () => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    jobs.offWork(work.name, { wait: false }).catch(() => undefined); // stop waits for it
  };

  return {
    send,
    resume,
    /** Starts, with the unfinished work of an earlier process first. */
    async start() {
      await boss.start(work.name);
      await jobs.createQueue(work.name, {
        expireInSeconds: day - 1,
        retryLimit: 2,
        policy: 'short',
        heartbeatSeconds: heartbeat,
      });
      await resume();
      await jobs.work(
        work.name,
        {
          localConcurrency: work.concurrent,
          pollingIntervalSeconds: 0.5,
          batchSize: 1,
          includeMetadata: true,
        },
        async ([job]) => {
          if (job?.singletonKey) await carryOut(job.singletonKey);
        },
      );
    },
    interrupt,
    /** Takes nothing new and waits at most one minute for the work in progress. */
    async stop() {
      interrupt();
      const ended = jobs.offWork(work.name).catch(() => undefined);
      await Promise.race([ended, pause(stopMs, undefined, { ref: false })]);
      await boss.stop(work.name);
    },
  };
}

export type WorkQueue = ReturnType<typeof workQueue>;
