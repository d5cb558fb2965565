import { setTimeout as pause } from 'node:timers/promises';
import { reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';
import { every, poll } from '../time/poll.ts';
import type { Boss } from './boss.ts';
import type { Lease, Leases } from './leases.ts';

/** Work that is recorded elsewhere, by id, and waits in the database for its turn. */
export interface WorkQueue {
  /** Has the work done; where it waits already, this adds nothing. */
  send(id: string): Promise<void>;
  /** Has everything done that is unfinished and no longer waits: its job may have failed more often than is tried. */
  resume(): Promise<void>;
  /** Begins to work, first of all on what an earlier process left unfinished. */
  start(): Promise<void>;
  /** Takes nothing new, and tells what is under way to leave it to the next one. */
  interrupt(): void;
  /** Takes nothing new and waits, for a minute at most, for what is under way. */
  stop(): Promise<void>;
}

interface Work {
  readonly name: string;
  /** How many may be under way at once. */
  readonly concurrent: number;
  unfinished(): Promise<readonly string[]>;
  /**
   * Called again for the same id after a crash or an error, never twice at once in one process; with leases, never
   * twice at once over all workers of the database. The signal tells it to leave the work to the next one: the service
   * stops, or the lease is lost.
   */
  carryOut(id: string, signal: AbortSignal, lease?: Lease): Promise<void>;
  readonly leases?: Leases;
  readonly times?: WorkTimes | undefined;
}

/** How soon the work of a dead process is noticed, seconds. */
export interface WorkTimes {
  /** A job without a sign of life for so long is given to another worker; at least 10. */
  readonly heartbeat?: number;
  /** Until an id that another worker holds is asked for again. */
  readonly held?: number;
}

const day = 24 * 3600;

const handBackRetryMs = 1_000;
const stopMs = 60_000;

/** Gives a lease back, for as long as it takes: held by nobody who works, it would be renewed for ever. */
async function handBack(leases: Leases, lease: Lease, log: Logger): Promise<void> {
  await poll(every(handBackRetryMs), async () => {
    const last = lease.signal.aborted; // lost, or the service stops: it runs out
    try {
      await leases.release([lease]);
      return true;
    } catch (error) {
      if (!last) log.warn({ key: lease.key, error: reasonOf(error) }, 'lease not given back; trying again');
      return last || undefined;
    }
  });
}

/** What carries an id out when its turn comes: once at a time, and under its lease where there are leases. */
function turns(
  { jobs }: Boss,
  work: Work,
  log: Logger,
  stopping: AbortSignal,
): (id: string) => Promise<void> {
  const { held = 40 } = work.times ?? {};
  /** Under way here: a second job of one, left by an earlier process, has nothing to do. */
  const underWay = new Set<string>();

  /**
   * Held elsewhere, it is under way there; a minute later it is asked for again, should its holder have died. One that
   * stops gets no lease, and leaves it to the others at once.
   */
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
      await (work.leases ? underLease(id, work.leases) : work.carryOut(id, stopping));
    } finally {
      underWay.delete(id);
    }
  };
}

/** A queue over pg-boss. Making it starts nothing. */
export function workQueue(boss: Boss, work: Work, log: Logger): WorkQueue {
  const { heartbeat = 30 } = work.times ?? {};
  const { jobs } = boss;
  /** Under the queue's policy this adds nothing while the id's job waits already. */
  const send = async (id: string) => {
    await jobs.send(work.name, null, { singletonKey: id });
  };
  const stopping = new AbortController();

  const carryOut = turns(boss, work, log, stopping.signal);

  const resume = async () => {
    for (const id of await work.unfinished()) await send(id);
  };

  const interrupt = () => {
    if (stopping.signal.aborted) return;
    stopping.abort();
    jobs.offWork(work.name, { wait: false }).catch(() => undefined); // stop waits for it
  };

  return {
    send,
    resume,
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
    async stop() {
      interrupt();
      const ended = jobs.offWork(work.name).catch(() => undefined);
      await Promise.race([ended, pause(stopMs, undefined, { ref: false })]);
      await boss.stop(work.name);
    },
  };
}
