import { setTimeout as pause } from 'node:timers/promises';
import { Counter, Gauge, Registry } from 'prom-client';
import { reasonOf } from '../settings/errors.ts';
import type { Database } from '../store/database/database.ts';
import type { Logger } from './log.ts';
import { type Reading, readings } from './readings.ts';

type Row = Readonly<Record<string, string | number | null>>;

interface DatabaseMetricsContext {
  /** The counters of this process. */
  readonly registry: Registry;
  readonly database: Pick<Database, 'query'>;
  readonly log: Logger;
  /** Time limit of one reading, milliseconds. */
  readonly timeoutMs?: number;
}

/** Adds a reading to the registry of one scrape, without null values. */
function show(registry: Registry, { gauges }: Reading, rows: readonly Row[]): void {
  for (const { name, help, labels, column } of gauges) {
    const known = rows.filter((row) => row[column] !== null && row[column] !== undefined);
    if (known.length === 0) continue;
    const gauge = new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
    for (const row of known) {
      gauge.set(Object.fromEntries(labels.map((label) => [label, String(row[label])])), Number(row[column]));
    }
  }
}

/**
 * All metrics in the Prometheus text format: counters of this process and readings of the database. A reading that is
 * not ready in time is left out and counted, so that no old value appears current. Concurrent scrapes share one
 * result. Never throws, and ends within little more than one timeout.
 */
export function metricsText({
  registry,
  database,
  log,
  timeoutMs = 5000,
}: DatabaseMetricsContext): () => Promise<string> {
  const errors = new Counter({
    name: 'portcullis_scrape_errors_total',
    help: 'Readings that a scrape had to leave out.',
    labelNames: ['reading'],
    registers: [registry],
  });
  for (const { name } of readings) errors.inc({ reading: name }, 0);
  /** Readings that the database has not answered yet. They are not repeated, to prevent a backlog. */
  const open = new Set<string>();

  const ask = async ({ name, sql }: Reading): Promise<Row[]> => {
    if (open.has(name)) throw new Error('the previous reading is not answered yet');
    open.add(name);
    const answer = database.query<Row>(sql).finally(() => open.delete(name));
    const giveUp = new AbortController();
    const late = pause(timeoutMs, undefined, { signal: giveUp.signal, ref: false }).then(() => {
      throw new Error(`no answer in ${timeoutMs} ms`);
    });
    // After the timeout a late error has no receiver.
    late.catch(() => undefined);
    answer.catch(() => undefined);
    return Promise.race([answer, late]).finally(() => giveUp.abort());
  };

  const scrape = async (): Promise<string> => {
    const seen = new Registry();
    const until = performance.now() + timeoutMs;
    for (const reading of readings) {
      try {
        if (performance.now() >= until) throw new Error('no time left');
        show(seen, reading, await ask(reading));
      } catch (error) {
        errors.inc({ reading: reading.name });
        log.warn({ reading: reading.name, error: reasonOf(error) }, 'metrics not read');
      }
    }
    return (await registry.metrics()) + (await seen.metrics());
  };

  let underWay: Promise<string> | undefined;
  return () => {
    underWay ??= scrape().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
