import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as rest } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RouteContext } from '../controlplane/http/routes/route.ts';
import { application, listen } from '../controlplane/http/server.ts';
import { openDatabase } from '../controlplane/store/database/database.ts';
import { openStore } from '../controlplane/store/store.ts';
import { makeLogger } from '../controlplane/telemetry/log.ts';
import { parsePolicy } from '../lambda/policy/parse.ts';
import { postgresPrograms, startPostgres } from '../test/worlds/postgres.ts';
import { type Figures, percentile } from './figures.ts';
import { fillFleet } from './fleet-sample.ts';

const token = '0123456789abcdef';
const root = fileURLToPath(new URL('..', import.meta.url));
const readers = 10;
const paths = ['/v1/stacks?limit=500', '/v1/accounts?limit=100', '/v1/coverage?limit=500'];

interface Read {
  readonly ms: number;
  /** As they came, compressed where the service compresses. */
  readonly bytes: number;
  readonly status: number;
}

function read(url: string, encoding = 'gzip'): Promise<Read> {
  const begun = performance.now();
  return new Promise((done, fail) => {
    const headers = { authorization: `Bearer ${token}`, 'accept-encoding': encoding };
    request(url, { headers }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on('end', () =>
        done({ ms: performance.now() - begun, bytes, status: response.statusCode ?? 0 }),
      );
    })
      .on('error', fail)
      .end();
  });
}

/** One `portcullis status` as a process: its time, and the most memory that it had. */
async function statusCommand(url: string): Promise<{ ms: number; mib: number }> {
  const begun = performance.now();
  const report = `process.on('exit', () => process.stderr.write('rss ' + process.resourceUsage().maxRSS + '\\n'))`;
  const child = spawn(
    process.execPath,
    [
      '--import',
      `data:text/javascript,${encodeURIComponent(report)}`,
      'controlplane/portcullis.mjs',
      'status',
    ],
    {
      cwd: root,
      env: { ...process.env, PORTCULLIS_URL: url, PORTCULLIS_TOKEN: token },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`status ended with ${code}: ${said}`);
  return { ms: performance.now() - begun, mib: Number(/rss (\d+)/.exec(said)?.[1]) / 1024 };
}

/** Asks `/healthz` every 20 ms while readers ask for pages of every list; the times. */
async function healthUnderReaders(url: string, forMs: number): Promise<number[]> {
  const end = performance.now() + forMs;
  const reading = Array.from({ length: readers }, async (_, index) => {
    for (let turn = index; performance.now() < end; turn += 1) {
      const { status } = await read(`${url}${paths[turn % paths.length]}`);
      if (status !== 200) throw new Error(`a reader was answered ${status}`);
    }
  });
  const times: number[] = [];
  while (performance.now() < end) {
    times.push((await read(`${url}/healthz`)).ms);
    await rest(20);
  }
  await Promise.all(reading);
  return times;
}

/** Measures what people read of a fleet of 5,000 accounts in 17 Regions, served from a Postgres. */
export async function measureBoard(
  figures: Figures,
  { quick, progress }: { quick: boolean; progress: (line: string) => void },
): Promise<void> {
  const programs = postgresPrograms();
  if (!programs) throw new Error('initdb and postgres are not installed');
  const server = await startPostgres(programs);
  const accounts = quick ? 500 : 5_000;
  try {
    const warn = (error: Error) => progress(error.message);
    const database = await openDatabase({ databaseUrl: await server.database('board'), data: '' }, warn);
    progress(`${accounts} accounts in 17 Regions …`);
    await fillFleet(database.query, accounts, 17);
    await database.query('analyze');
    const context = {
      ...{ store: openStore(database), layout: 'region' },
      missing: async () => [],
      offboarding: { uninstallView: async () => ({ state: 'none', stacks: [] }) },
      policy: async () => parsePolicy('version: 1\nrules: [{ name: all, match: {}, mode: revoke }]'),
    } as unknown as RouteContext;
    const door = { tokens: [{ name: 'bench', role: 'viewer' as const, token }], allowedHosts: [] };
    const app = application(context, { ...door, requestsPerMinute: 1e9 }, '0', makeLogger('silent'));
    const { url, close } = await listen(app, '127.0.0.1', 0);
    await statusCommand(url);
    const command = await statusCommand(url);
    const status = await read(`${url}/v1/status`);
    figures.add('board: status', command.ms / 1000, 's', { atMost: 2 });
    figures.add('board: status, of it GET /v1/status', status.ms / 1000, 's');
    figures.add('board: status on the wire', status.bytes / 1024, 'KiB', { atMost: 1024 });
    figures.add('board: status, memory of the command', command.mib, 'MiB', { atMost: 150 });
    const pages = (encoding: string) => Promise.all(paths.map((path) => read(`${url}${path}`, encoding)));
    const largest = async (encoding: string) =>
      Math.max(...(await pages(encoding)).map(({ bytes }) => bytes)) / 1024;
    figures.add('board: largest page on the wire', await largest('gzip'), 'KiB', { atMost: 300 });
    figures.add('board: largest page without gzip', await largest('identity'), 'KiB');
    progress(`${readers} readers …`);
    const times = await healthUnderReaders(url, quick ? 3_000 : 15_000);
    figures.add('board: /healthz under ten readers, 99th percentile', percentile(times, 99), 'ms', {
      atMost: 100,
    });
    await close();
    await database.close();
  } finally {
    await server.stop();
  }
}
