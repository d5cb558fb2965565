import type { Services } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import type { AuditStore } from '../store/audit/entries.ts';
import { type Retention, removeExpired } from '../store/retention.ts';

const checkMs = 15_000;
const dayMs = 24 * 3_600_000;
/** So many lines are sealed whatever their age. */
const manyLines = 1000;

interface AuditContext {
  readonly audit: AuditStore;
  readonly log: Services['log'];
  /** Aborted: the work ends after the part under way. */
  readonly signal?: AbortSignal;
}

/**
 * Seals the audit log where a line is older than so many seconds, or where there are many. Each seal's hash is in the log,
 * where whoever writes to the database cannot change it. Several processes may do so at once.
 */
export async function sealDue({ audit, log, signal }: AuditContext, sealSeconds = 300): Promise<void> {
  const { lines, seconds } = await audit.unsealed(manyLines);
  if (lines < manyLines && seconds < sealSeconds) return;
  while (!signal?.aborted) {
    const made = await audit.seal();
    if (!made) return;
    log.info({ through: made.through, lines: made.lines, hash: made.hash }, 'audit sealed');
  }
}

/** Removes what has expired, a part at a time. Several processes may do so at once. */
export async function applyRetention(
  { audit, log, signal }: AuditContext,
  database: Services['database'],
  retention: Retention,
): Promise<void> {
  const { auditDays } = retention;
  let lines = 0;
  if (auditDays !== undefined)
    for (let some = -1; some !== 0 && !signal?.aborted; lines += some)
      some = await audit.removeExpired(auditDays);
  const removed = { ...(await removeExpired(database, retention)), 'audit lines': lines };
  if (Object.values(removed).some((count) => count > 0)) log.info({ removed }, 'retention applied');
}

/** Seals the audit log when it is due and applies the retention each day, one at a time, until the shutdown. */
export function startAuditKeeper({
  settings,
  database,
  store,
  log,
  shutdown,
}: Pick<Services, 'settings' | 'database' | 'store' | 'log' | 'shutdown'>): void {
  const retention = { auditDays: settings.auditRetentionDays, runDays: settings.runRetentionDays };
  const stop = new AbortController();
  const context = { audit: store.audit, log, signal: stop.signal };
  let underWay: Promise<void> = Promise.resolve();
  const every = (ms: number, failure: string, work: () => Promise<void>) => {
    const once = () => {
      underWay = underWay.then(work).catch((error) => log.warn({ error: reasonOf(error) }, failure));
    };
    once();
    return setInterval(once, ms);
  };
  const timers = [
    every(checkMs, 'audit not sealed', () => sealDue(context)),
    every(dayMs, 'retention not applied', () => applyRetention(context, database, retention)),
  ];
  shutdown.register('audit keeper', async () => {
    stop.abort();
    for (const timer of timers) clearInterval(timer);
    await underWay;
  });
}
