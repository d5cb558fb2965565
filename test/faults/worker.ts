import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../sandbox/demo/security-group.ts';
import { isPulumi, processesMarked, signalAll, stackOf } from './processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A control plane as a process of its own, that can be killed and started again on the same data directory. */
export interface Worker {
  readonly name: string;
  readonly log: string;
  /** Starts it and waits until it listens. A worker that runs stays as it is. */
  start(): Promise<void>;
  running(): boolean;
  /** The stacks that its CLIs change just now. */
  stacks(): string[];
  /** Where it listens; undefined while it does not run. */
  url(): string | undefined;
  /** SIGKILL; `withChildren` every process that it started as well, at the same moment. */
  kill(withChildren: boolean): Promise<void>;
  /** SIGSTOP and SIGCONT, of its children as well where asked. */
  pause(withChildren: boolean): void;
  resume(): void;
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>;
}

interface WorkerSettings {
  readonly name: string;
  readonly directory: string;
  readonly environment: Record<string, string>;
  /** Arguments of Node, before the program. */
  readonly nodeArguments?: readonly string[];
}

/** The address in the last start's part of the log. */
const addressIn = (text: string): string | undefined =>
  /"url":"([^"]+)"[^\n]*"msg":"listening"/.exec(text)?.[1];

/** Makes a worker; nothing starts. Its log goes to one file over all of its starts. */
export function makeWorker({ name, directory, environment, nodeArguments = [] }: WorkerSettings): Worker {
  const data = join(directory, name);
  const log = join(directory, `${name}.log`);
  const identity = `${directory}/${name}`;
  const marker = `FAULT_WORKER=${identity}`;
  mkdirSync(data, { recursive: true });
  let child: ChildProcess | undefined;
  let url: string | undefined;
  let ended: Promise<number | null> = Promise.resolve(null);
  const own = () => processesMarked(marker);
  process.once('exit', () => signalAll(own(), 'SIGKILL'));

  const launch = () => {
    const file = openSync(log, 'a');
    const made = spawn(process.execPath, [...nodeArguments, 'controlplane/main.ts', 'serve'], {
      cwd: root,
      env: {
        ...process.env,
        ...environment,
        PORTCULLIS_DATA: data,
        PORTCULLIS_PORT: '0',
        FAULT_WORKER: identity,
      },
      stdio: ['ignore', file, file],
      detached: true,
    });
    closeSync(file);
    child = made;
    ended = new Promise((done) =>
      made.once('exit', (code) => {
        if (child === made) child = undefined;
        url = undefined;
        done(code);
      }),
    );
  };

  return {
    name,
    log,
    running: () => child !== undefined,
    stacks: () => processesMarked(marker, isPulumi).flatMap((one) => stackOf(one) ?? []),
    url: () => url,
    async start() {
      if (child) return;
      const before = logged(log).length;
      launch();
      const started = child;
      url = await until(`${name} listens (${log})`, 120, async () => {
        if (child !== started) throw new Error(`${name} ended: ${logged(log).slice(before).slice(-2000)}`);
        return addressIn(logged(log).slice(before));
      });
    },
    async kill(withChildren) {
      if (withChildren) signalAll(own(), 'SIGKILL');
      else child?.kill('SIGKILL');
      await ended;
      if (withChildren) signalAll(own(), 'SIGKILL'); // those that were started in between
    },
    pause: (withChildren) => (withChildren ? signalAll(own(), 'SIGSTOP') : void child?.kill('SIGSTOP')),
    resume: () => signalAll(own(), 'SIGCONT'),
    async stop() {
      signalAll(own(), 'SIGCONT');
      child?.kill('SIGTERM');
      return ended;
    },
  };
}

const logged = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
};
