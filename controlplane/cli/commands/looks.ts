import { setTimeout as rest } from 'node:timers/promises';
import type { Client } from '../client/http.ts';
import { exits, type Terminal } from '../output/terminal.ts';

const pauseMs = 500;
/** A look at a verification of many cells reads many pages. Looks take at most a tenth of the time. */
const pausePerLook = 9;

/** The work, for the message about Ctrl-C. */
interface Work {
  /** Such as `reconcile`. */
  readonly noun: string;
  readonly id: string;
  /** What this process finishes before it stops. */
  readonly finishes?: string;
  /** The command line that ends the work, if there is one. */
  readonly end?: string;
}

interface Followed<T> {
  readonly look: () => Promise<T>;
  /** Shows what a look found; the exit code if it was the last look. */
  readonly seen: (now: T) => number | undefined;
  readonly work: (now: T) => Work;
  /** Clears what the terminal shows of the work in progress. */
  readonly leave?: () => void;
}

/** What happens to work that is no longer followed. Pure. */
function interruptedText({ noun, id, finishes, end }: Work, { ownService }: Client): string {
  if (!ownService)
    return `\nThe ${noun} continues in the service. Follow it: portcullis follow ${id}${end ? `\nEnd it: ${end}` : ''}`;
  const stops = finishes ? `finishes ${finishes} and stops` : 'stops';
  return `\nThis command does the ${noun} ${id} in its own process. It ${stops}; the next portcullis serve continues the ${noun}.\nPress Ctrl-C again to stop at once.`;
}

/** Looks until the last look, or until Ctrl-C, which leaves the work as it is; the exit code. */
export async function lookUntilEnd<T>(
  client: Client,
  terminal: Terminal,
  { look, seen, work, leave }: Followed<T>,
): Promise<number> {
  const interrupt = new AbortController();
  const { signal } = interrupt;
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    for (;;) {
      const begun = performance.now();
      const now = await look();
      const exit = seen(now);
      if (exit !== undefined) return exit;
      const pause = Math.max(pauseMs, (performance.now() - begun) * pausePerLook);
      await rest(pause, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) continue;
      leave?.();
      terminal.complain(interruptedText(work(now), client));
      return exits.interrupted;
    }
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
