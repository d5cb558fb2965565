import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';

const packaged = '/usr/lib/postgresql';

/** Where initdb and postgres are: on PATH, or Debian's newest package; undefined where neither is. */
export function postgresPrograms(): string | undefined {
  const debian = existsSync(packaged)
    ? readdirSync(packaged)
        .sort((a, b) => Number(b) - Number(a))
        .map((version) => join(packaged, version, 'bin'))
    : [];
  const folders = [...debian, ...(process.env.PATH ?? '').split(delimiter)];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(address)));
    });
  });

export interface Postgres {
  /** A new empty database's address. */
  database(name: string): Promise<string>;
  /** Ends the server without a checkpoint, as a crash would; resolves once it has ended. */
  down(): Promise<void>;
  /** Starts it again at the same address, where it is down; resolves once it answers. */
  up(): Promise<void>;
  /** Both, with so many milliseconds in between. */
  crash(outageMs?: number): Promise<void>;
  stop(): Promise<void>;
}

async function ask(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

/** Resolves once the server answers. @throws when it does not within a minute, or has ended */
async function answering(url: string, ended: () => boolean): Promise<void> {
  for (let left = 1_200; ; left -= 1) {
    try {
      return await ask(url, 'select 1');
    } catch (error) {
      if (left === 0 || ended()) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}

/** Starts a Postgres of its own in a temporary directory; as user `postgres` where we are root, which it refuses. */
export async function startPostgres(programs: string): Promise<Postgres> {
  const root = process.getuid?.() === 0;
  const as = (program: string): [string, string[]] =>
    root ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', program]] : [program, []];
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-postgres-'));
  chmodSync(directory, 0o700);
  if (root) execFileSync('chown', ['postgres:postgres', directory]);
  const [initdb, before] = as(join(programs, 'initdb'));
  const data = join(directory, 'data');
  const options = ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8'];
  execFileSync(initdb, [...before, ...options], { cwd: directory, stdio: 'pipe' });
  const port = await freePort();
  const [postgres, first] = as(join(programs, 'postgres'));
  const listen = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-F', '-N', '300'];
  let server: ChildProcess;
  let ended: Promise<void>;
  let running = false;
  const run = () => {
    server = spawn(postgres, [...first, ...listen], { cwd: directory, stdio: 'ignore' });
    running = true;
    ended = new Promise((done) => {
      server.once('exit', () => {
        running = false;
        done();
      });
    });
  };
  const url = (name: string) => `postgres://postgres@127.0.0.1:${port}/${name}`;
  const stop = async () => {
    // Waits for the clients to disconnect, but not for a connection that a test forgot to close.
    server.kill('SIGTERM');
    const impatient = setTimeout(() => server.kill('SIGINT'), 5_000);
    await ended;
    clearTimeout(impatient);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    run();
    await answering(url('postgres'), () => !running);
  } catch (error) {
    await stop();
    throw error;
  }
  const down = async () => {
    server.kill('SIGQUIT');
    await ended;
  };
  const up = async () => {
    if (running) return;
    run();
    await answering(url('postgres'), () => !running);
  };
  return {
    async database(name) {
      await ask(url('postgres'), `create database ${name}`);
      return url(name);
    },
    down,
    up,
    async crash(outageMs = 0) {
      await down();
      await new Promise((done) => setTimeout(done, outageMs));
      await up();
    },
    stop,
  };
}
