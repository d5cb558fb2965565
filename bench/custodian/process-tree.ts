import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly directory: string;
  /** A file for standard output; otherwise it is dropped. */
  readonly output?: string;
  /** The exit codes of a run that did its work. */
  readonly expected: readonly number[];
}

/** undefined: the process has ended. */
async function read(pid: string, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** The process and its descendants, by a walk over the parents of all processes. */
async function treeOf(root: number): Promise<string[]> {
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const children = new Map<string, string[]>();
  for (const pid of names) {
    // The second field is the command in brackets, which may have any text in it.
    const parent = (await read(pid, 'stat'))?.replace(/^.*\) \S+ (\d+) .*$/s, '$1') ?? '';
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const tree = [String(root)];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** MiB of a process tree at one moment. A page that several processes share counts once, in parts (PSS). */
async function memoryOf(root: number): Promise<number> {
  const found = await Promise.all((await treeOf(root)).map((pid) => read(pid, 'smaps_rollup')));
  const kilobytes = found.map((text) => Number(/^Pss:\s+(\d+) kB/m.exec(text ?? '')?.[1] ?? 0));
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}

/** Starts a command. Its end throws where the exit code is another than the expected ones. */
function start({ program, args, env, directory, output, expected }: Command) {
  const child = spawn(program, args, {
    cwd: directory,
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (text: Buffer) => {
    errors = `${errors}${text}`.slice(-4_000);
  });
  if (output === undefined) child.stdout.resume();
  else child.stdout.pipe(createWriteStream(output));
  const ended = once(child, 'close').then(([code]) => {
    if (!expected.includes(code ?? -1))
      throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${errors}`);
  });
  return { child, ended };
}

/** Seconds from the start of the command to its end. @throws where it ends with another code than the expected ones */
export async function timed(command: Command): Promise<number> {
  const begun = performance.now();
  await start(command).ended;
  return (performance.now() - begun) / 1000;
}

/**
 * The most MiB that the command and its descendants have together, by samples every 100 ms. Samples take processor
 * time, so a run that is sampled is not one that is timed. @throws as `timed`
 */
export async function peakMemory(command: Command): Promise<number> {
  const { child, ended } = start(command);
  let isOver = false;
  const over = ended.finally(() => {
    isOver = true;
  });
  let peak = 0;
  const samples = (async () => {
    while (!isOver) {
      peak = Math.max(peak, await memoryOf(child.pid ?? 0));
      await rest(100);
    }
  })();
  await Promise.all([over, samples]);
  return peak;
}
