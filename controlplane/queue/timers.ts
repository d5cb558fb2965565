import { reasonOf } from '../settings/errors.ts';
import type { Logger } from '../telemetry/log.ts';

/** Work that is done at intervals, once at a time. A failure is logged, and the next interval tries again. */
export function timers(log: Logger) {
  const running: NodeJS.Timeout[] = [];
  return {
    every(what: string, milliseconds: number, act: () => Promise<unknown>) {
      let underWay = false;
      const once = async () => {
        if (underWay) return;
        underWay = true;
        await act().catch((error) => log.error({ error: reasonOf(error) }, `${what} failed`));
        underWay = false;
      };
      running.push(setInterval(() => void once(), milliseconds));
    },
    /** Work in progress is not waited for. */
    stop() {
      for (const timer of running) clearInterval(timer);
    },
  };
}
