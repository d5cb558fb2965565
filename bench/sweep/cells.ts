import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../controlplane/store/database/database.ts';
import { openStore } from '../../controlplane/store/store.ts';
import { postgresPrograms, startPostgres } from '../../test/worlds/postgres.ts';
import type { Figures } from '../figures.ts';
import type { SweepMemory } from './child.ts';
import { startSweepCloud } from './loopback.ts';
import { requestSample, seventeen } from './sample.ts';

const child = fileURLToPath(new URL('child.ts', import.meta.url));
const mebibyte = 1024 * 1024;
const warn = (error: Error) => process.stderr.write(`${error.message}\n`);

/** Runs one worker on the sweep to its end; its memory, MiB, and the seconds that it took. */
async function work(place: string, id: string, environment: Record<string, string>) {
  const worker = fork(child, [place, id], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...environment },
  });
  let idle = 0;
  let most = 0;
  let begun = performance.now();
  worker.on('message', (memory: SweepMemory) => {
    if ('idle' in memory) {
      idle = memory.idle;
      begun = performance.now();
    } else most = Math.max(most, memory.rss);
  });
  const [code] = await once(worker, 'exit');
  if (code !== 0) throw new Error(`the worker ended with exit code ${code}`);
  return {
    ...{ idle: idle / mebibyte, most: most / mebibyte },
    seconds: (performance.now() - begun) / 1000,
  };
}

/**
 * Sweeps an organization of empty cells with one worker: how long, how much memory above an idle one, and how many calls
 * a cell. STS and EC2 are on loopback and answer at once.
 */
export async function measureSweepCells(
  figures: Figures,
  { quick, progress }: { quick: boolean; progress: (line: string) => void },
): Promise<void> {
  const programs = postgresPrograms();
  if (!programs) throw new Error('initdb and postgres are not installed');
  const accounts = quick ? 200 : 5_000;
  const cells = accounts * seventeen.length;
  const directory = await mkdtemp(join(tmpdir(), 'portcullis-sweep-'));
  const server = await startPostgres(programs);
  const cloud = await startSweepCloud({ regions: seventeen, groupsOf: () => [] });
  try {
    const databaseUrl = await server.database('sweep');
    const database = await openDatabase({ databaseUrl, data: directory }, warn);
    const id = await requestSample(database, accounts);
    progress(`a sweep of ${cells} empty cells …`);
    const { idle, most, seconds } = await work(databaseUrl, id, cloud.environment);
    const { done } = await openStore(database).sweeps.counts(id);
    await database.close();
    if (done !== cells) throw new Error(`${done} of ${cells} cells were read`);
    const calls = cloud.counts('DescribeSecurityGroups') + cloud.counts('DescribeRegions');
    // The goal is of 85,000 cells; fewer have their share of the time.
    figures.add(`sweep: ${cells} empty cells`, seconds, 's', { atMost: (300 * cells) / 85_000 });
    figures.add('sweep: cells a second', cells / seconds, '/s');
    figures.add('sweep: EC2 calls a clean cell', calls / cells, 'calls', { atMost: 1.1 });
    figures.add('sweep: memory above idle', most - idle, 'MiB', { atMost: 250 });
    figures.add('sweep: memory of an idle worker', idle, 'MiB');
  } finally {
    await cloud.stop();
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
