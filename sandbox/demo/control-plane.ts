import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = 'controlplane/portcullis.mjs';

/** One condition of an account or stack, as the API gives it. */
interface Condition {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export interface Account {
  readonly id: string;
  readonly state: string;
  readonly regions: readonly { readonly region: string; readonly trail: { covered: boolean | 'unknown' } }[];
  readonly conditions: Readonly<Record<string, Condition | undefined>>;
}

export interface Remediation {
  readonly eventId: string;
  readonly accountId: string;
  readonly outcome: string;
  readonly result: {
    readonly groupId: string | null;
    readonly findings: readonly { readonly ruleId: string }[];
  };
}

/** One account in one Region, as `GET /v1/coverage` gives it. */
export interface Cell {
  readonly trail: boolean | 'unknown';
  readonly verified: 'yes' | 'no' | 'never';
  readonly kind: 'end-to-end' | 'path' | null;
}

export interface CommandResult {
  readonly exit: number;
  readonly output: string;
}

export interface ControlPlane {
  readonly url: string;
  /** Of the service's process. */
  readonly pid: number;
  /** The token that the service made at its start. */
  readonly token: string;
  /** A request with the token. */
  request(path: string, init?: RequestInit): Promise<Response>;
  get<T>(path: string): Promise<T>;
  /** The last lines of its log. */
  log(): string;
  /** Runs a command line of the CLI against this service; its output is passed on to `show` as it comes. */
  cli(
    args: readonly string[],
    show?: (text: string) => void,
    settings?: Record<string, string>,
  ): Promise<CommandResult>;
  /** Stops it as an operator does; its exit code. */
  stop(): Promise<number>;
}

const exitOf = (child: ChildProcess) =>
  new Promise<number>((ended) => child.once('exit', (code) => ended(code ?? 1)));

/** The address and the log of a service, once it listens. */
async function listening(child: ChildProcess, exited: Promise<number>) {
  let log = '';
  const url = new Promise<string>((found) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000);
      const line = /"url":"([^"]+)"[^\n]*"msg":"listening"/.exec(log);
      if (line?.[1]) found(line[1]);
    });
  });
  const dead = exited.then((code) => {
    throw new Error(`the control plane ended with exit code ${code} before it listened:\n${log}`);
  });
  return { url: await Promise.race([url, dead]), log: () => log };
}

/** The demo and the tests ask up to a hundred times a second until something is so. */
const unlimited = { PORTCULLIS_REQUESTS_PER_MINUTE: '1000000' };

/** Starts the control plane as a process of its own, on a free port, as a person would with `portcullis serve`. */
export async function startControlPlane(environment: Record<string, string>): Promise<ControlPlane> {
  const env = { ...process.env, ...unlimited, ...environment, PORTCULLIS_PORT: '0' };
  const child = spawn(process.execPath, [program, 'serve'], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = exitOf(child);
  const { url, log } = await listening(child, exited);
  const token = await readFile(join(environment.PORTCULLIS_DATA ?? '', 'token'), 'utf8');
  const request = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, url), { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });
  return {
    ...{ url, pid: child.pid ?? 0, token, request, log },
    async get<T>(path: string) {
      const response = await request(path);
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    async cli(args, show, settings = {}) {
      const command = spawn(process.execPath, [program, ...args], {
        cwd: root,
        env: { ...env, ...settings },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [command.stdout, command.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          show?.(chunk.toString());
        });
      }
      return { exit: await exitOf(command), output };
    },
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      return exited;
    },
  };
}
