import type { Client } from '../client/http.ts';
import { exits, type Terminal } from '../output/terminal.ts';

const pauseMs = 500;
/** A look at a verification of many cells reads many pages: looks take a tenth of the service's time at most. */
const pausePerLook = 9;

/** Waits for the next look, or for Ctrl-C. */
function untilNext(interrupt: AbortSignal, pause: number): Promise<void> {
  return new Promise((next) => {
    const done = () => {
      clearTimeout(timer);
      interrupt.removeEventListener('abort', done);
      next();
    };
    const timer = setTimeout(done, interrupt.aborted ? 0 : pause);
    interrupt.addEventListener('abort', done);
  });
}

/** What a message about Ctrl-C says about the work. */
interface Work {
  /** Such as `reconcile`. */
  readonly noun: string;
  readonly id: string;
  /** What this process finishes before it stops. */
  readonly finishes?: string;
  /** The command line that ends the work, where there is one. */
  readonly end?: string;
}

interface Followed<T> {
  readonly look: () => Promise<T>;
  /** Shows what a look found; the exit code where it was the last look. */
  readonly seen: (now: T) => number | undefined;
  readonly work: () => Work;
  /** Clears what the terminal shows of the work in progress. */
  readonly leave?: () => void;
}

/** What becomes of work that is not followed any more. Pure. */
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
  followed: Followed<T>,
): Promise<number> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    for (;;) {
      const begun = performance.now();
      const exit = followed.seen(await followed.look());
      if (exit !== undefined) return exit;
      await untilNext(interrupt.signal, Math.max(pauseMs, (performance.now() - begun) * pausePerLook));
      if (!interrupt.signal.aborted) continue;
      followed.leave?.();
      terminal.complain(interruptedText(followed.work(), client));
      return exits.interrupted;
    }
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}
