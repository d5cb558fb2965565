import { readdirSync, readFileSync } from 'node:fs';

/** A process of a worker's: the worker itself, or what it or its children started. */
export interface OwnProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: readonly string[];
}

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended in between
  }
};

const commandOf = (pid: string): string[] => read(`/proc/${pid}/cmdline`).split('\0').filter(Boolean);

/** The fourth field of the line, after a name in parentheses that may hold anything. */
const parentOf = (pid: string): number => Number(/.*\) \S (\d+)/s.exec(read(`/proc/${pid}/stat`))?.[1] ?? 0);

/** Every living process that was started with a variable in its environment that begins so. Linux only. */
export function processesMarked(
  marker: string,
  fits: (command: readonly string[]) => boolean = () => true,
): OwnProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: parentOf(name), command: commandOf(name) }))
    .filter(({ command }) => command.length > 0 && fits(command)) // a zombie has none
    .filter(({ pid }) =>
      read(`/proc/${pid}/environ`)
        .split('\0')
        .some((one) => one.startsWith(marker)),
    );
}

/** Sends a signal to each; those that have ended meanwhile need none. */
export function signalAll(processes: readonly OwnProcess[], signal: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

export const isPulumi = (command: readonly string[]) => /(^|\/)pulumi$/.test(command[0] ?? '');

/** The stack that a Pulumi CLI changes, where it changes one. */
export function stackOf({ command }: OwnProcess): string | undefined {
  if (!['up', 'update', 'destroy'].includes(command[1] ?? '')) return undefined;
  const at = command.indexOf('--stack');
  return at < 0 ? undefined : command[at + 1];
}

/**
 * Looks ten times a second which stacks are worked on, and by how many CLIs at once. What it finds is a sample: an
 * overlap of less than a tenth of a second may be missed.
 */
export function watchStacks(marker: string) {
  const overlaps = new Set<string>();
  let busiest = 0;
  const look = () => {
    const counts = new Map<string, number[]>();
    const found = processesMarked(marker, isPulumi);
    for (const one of found) {
      const stack = stackOf(one);
      // One that starts a plugin is two for a moment, both by the same name.
      if (stack && !found.some(({ pid }) => pid === one.parent)) {
        counts.set(stack, [...(counts.get(stack) ?? []), one.pid]);
      }
    }
    busiest = Math.max(busiest, counts.size);
    for (const [stack, pids] of counts) {
      if (pids.length > 1) overlaps.add(`${stack}: processes ${pids.join(' and ')} at once`);
    }
  };
  const timer = setInterval(look, 100);
  return {
    /** Stacks that several CLIs worked on at once. */
    overlaps: () => [...overlaps],
    /** How many stacks were worked on at once at most. */
    busiest: () => busiest,
    stop: () => clearInterval(timer),
  };
}
