import type { Shutdown } from '../queue/shutdown.ts';
import type { Settings } from '../settings/environment.ts';
import { reasonOf } from '../settings/errors.ts';
import type { AuditStore } from '../store/audit/entries.ts';
import type { Database } from '../store/database/database.ts';
import { type Retention, removeExpired } from '../store/retention.ts';
import type { Store } from '../store/store.ts';
import type { Logger } from '../telemetry/log.ts';

interface AuditKeeperContext {
  readonly database: Database;
  readonly audit: AuditStore;
  readonly retention: Retention;
  readonly log: Logger;
  /** How long a line may be without a seal, seconds. */
  readonly sealSeconds?: number;
}

export interface AuditKeeper {
  /** Does both from now on: seals when it is due, retention each day. */
  start(): void;
  /** Seals what is due. */
  seal(): Promise<void>;
  /** Removes what has expired. */
  retain(): Promise<void>;
  stop(): Promise<void>;
}

const checkMs = 15_000;
const day = 24 * 3_600_000;
/** So many lines are sealed whatever their age. */
const manyLines = 1000;

/**
 * Keeps the audit log while the service stands: seals it, with each seal's hash in the log, where whoever writes to
 * the database cannot change it, and removes each day what has expired. Several processes may do so at once.
 */
export function keepAudit({
  database,
  audit,
  retention,
  log,
  sealSeconds = 300,
}: AuditKeeperContext): AuditKeeper {
  let underWay: Promise<void> = Promise.resolve();
  let stopped = false;

  const seal = async () => {
    const { lines, seconds } = await audit.unsealed(manyLines);
    if (lines < manyLines && seconds < sealSeconds) return;
    while (!stopped) {
      const made = await audit.seal();
      if (!made) return;
      log.info({ through: made.through, lines: made.lines, hash: made.hash }, 'audit sealed');
    }
  };
  const retain = async () => {
    const { auditDays } = retention;
    let lines = 0;
    if (auditDays !== undefined) {
      for (let some = -1; some !== 0 && !stopped; lines += some) some = await audit.removeExpired(auditDays);
    }
    const removed = { ...(await removeExpired(database, retention)), 'audit lines': lines };
    if (Object.values(removed).some((count) => count > 0)) log.info({ removed }, 'retention applied');
  };
  const timers: NodeJS.Timeout[] = [];
  const every = (ms: number, name: string, work: () => Promise<void>) => {
    const once = () => {
      underWay = underWay.then(work).catch((error) => {
        log.warn({ error: reasonOf(error) }, name);
      });
    };
    timers.push(setInterval(once, ms));
    once();
  };
  return {
    start() {
      every(checkMs, 'audit not sealed', seal);
      every(day, 'retention not applied', retain);
    },
    seal,
    retain,
    async stop() {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
      await underWay;
    },
  };
}

interface AuditKeeperServices {
  readonly settings: Pick<Settings, 'auditRetentionDays' | 'runRetentionDays'>;
  readonly database: Database;
  readonly store: Pick<Store, 'audit'>;
  readonly log: Logger;
  readonly shutdown: Shutdown;
}

/** Keeps the audit log until the parts are closed. */
export function startAuditKeeper({ settings, database, store, log, shutdown }: AuditKeeperServices): void {
  const retention = { auditDays: settings.auditRetentionDays, runDays: settings.runRetentionDays };
  const keeper = keepAudit({ database, audit: store.audit, retention, log });
  keeper.start();
  shutdown.register('audit keeper', keeper.stop);
}
