import { startService } from '../../service.ts';
import { readSettings } from '../../settings/environment.ts';
import { makeLogger } from '../../telemetry/log.ts';
import { exits } from '../output/terminal.ts';

/** How long the process may continue after the service has stopped, in milliseconds. */
const lingerMs = 1_000;
const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs the control plane until SIGINT or SIGTERM, which also end a start that waits for its database.
 * @throws PortcullisError when the start fails, also after a signal
 */
export async function serve(): Promise<number> {
  const settings = readSettings();
  const log = makeLogger(settings.logLevel, settings.secrets);
  const stopping = new AbortController();
  const stop = (signal: string) => stopping.abort(signal);
  const stopped = new Promise((resolve) => stopping.signal.addEventListener('abort', resolve));
  // The log keeps the stack trace of a defect; the top-level handler ends the process.
  const onDefect = (error: Error) => log.fatal({ error }, 'uncaught exception');
  process.prependListener('uncaughtException', onDefect);
  for (const name of signals) process.once(name, stop);
  try {
    const service = await startService(settings, log, { standing: true, signal: stopping.signal });
    if (!stopping.signal.aborted) await stopped;
    log.info({ signal: stopping.signal.reason }, 'stopping');
    await service.stop();
  } catch (error) {
    const isStopped = stopping.signal.aborted && (error as Error).cause === stopping.signal.reason;
    if (!isStopped) throw error;
    log.info({ signal: stopping.signal.reason }, 'stopped before the service was ready');
  } finally {
    process.off('uncaughtException', onDefect);
    for (const name of signals) process.off(name, stop);
  }
  // Abandoned work, such as a query without an answer, must not keep the process running.
  setTimeout(() => process.exit(), lingerMs).unref();
  return exits.done;
}
