import type { Services } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import { type Retention, removeExpired } from '../store/retention.ts';
import type { Store } from '../store/store.ts';

const checkMs = 15_000;
const dayMs = 24 * 3_600_000;
/** This many lines are sealed at any age. */
const manyLines = 1000;

interface AuditContext {
  readonly audit: Store['audit'];
  readonly log: Services['log'];
  /** Aborted: the work ends after the current part. */
  readonly signal?: AbortSignal;
}

/**
 * Seals the audit log when a line is older than this many seconds or there are many lines. Each seal's hash is
 * logged, where a person with write access to the database cannot change it. Safe for concurrent processes.
 */
export async function sealDue({ audit, log, signal }: AuditContext, sealSeconds = 300): Promise<void> {
  if (!(await audit.isSealDue(manyLines, sealSeconds))) return;
  while (!signal?.aborted) {
    const seal = await audit.seal();
    if (!seal) return;
    const { through, lines, hash } = seal;
    log.info({ through, lines, hash }, 'audit sealed');
  }
}

/** Removes expired records in parts. Safe for concurrent processes. */
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

/** Seals the audit log when due and applies the retention daily, one at a time, until shutdown. */
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
