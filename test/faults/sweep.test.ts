import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type OpenGroup, startSweepCloud } from '../../bench/sweep/loopback.ts';
import { accountIds, requestSample } from '../../bench/sweep/sample.ts';
import { type Database, openDatabase } from '../../controlplane/store/database/database.ts';
import { openStore } from '../../controlplane/store/store.ts';
import { postgresPrograms, startPostgres } from '../worlds/postgres.ts';

const child = fileURLToPath(new URL('../../bench/sweep/child.ts', import.meta.url));
const regions = ['eu-west-1', 'eu-central-1', 'us-east-1', 'us-west-2'];
const accounts = accountIds(15);
const cells = accounts.flatMap((accountId) => regions.map((region) => ({ accountId, region })));

/** One group with SSH open to the world in every third cell, and in every second one with a port that is allowed. */
function groupsOf(accountId: string, region: string): OpenGroup[] {
  const index = cells.findIndex((cell) => cell.accountId === accountId && cell.region === region);
  const groupId = (kind: number) => `sg-${String(index * 10 + kind).padStart(17, '0')}`;
  return [
    ...(index % 3 === 0 ? [{ groupId: groupId(1), port: 22 }] : []),
    ...(index % 2 === 0 ? [{ groupId: groupId(2), port: 443 }] : []),
  ];
}

const expected = cells
  .flatMap(({ accountId, region }) =>
    groupsOf(accountId, region)
      .filter(({ port }) => port === 22)
      .map(({ groupId }) => `${accountId} ${region} ${groupId} open`),
  )
  .sort();

/** The same numbers from 0 to 1 in every run. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const fail = (error: Error) => {
  throw error;
};
let directory = '';
let cloud: Awaited<ReturnType<typeof startSweepCloud>>;
/** Called for each EC2 call. */
let onCall: (calls: number) => boolean = () => false;
const workers = new Set<ChildProcess>();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-sweep-'));
  let calls = 0;
  cloud = await startSweepCloud({
    regions,
    groupsOf,
    onCall() {
      calls += 1;
      return onCall(calls);
    },
  });
});
afterEach(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await cloud.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A worker of the sweep as a process of its own; how it ended. */
function work(place: string, id: string): { worker: ChildProcess; ended: Promise<number | string> } {
  const worker = spawn(process.execPath, [child, place, id, '8', '0.01'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...cloud.environment },
  });
  workers.add(worker);
  const ended = once(worker, 'exit').then(([code, signal]) => {
    workers.delete(worker);
    return code ?? signal;
  });
  return { worker, ended };
}

/** What the list has of each finding, and how often its state changed. */
async function outcome(database: Database, id: string) {
  const findings = await database.query<{ finding: string }>(
    `select account_id || ' ' || region || ' ' || group_id || ' ' || state as finding from finding order by 1`,
  );
  const changes = await database.query('select finding_id from finding_change');
  const { done, waiting, notChecked, findings: counted } = await openStore(database).sweeps.counts(id);
  const finished = await database.query(`select id from audit where what = 'sweep finished'`);
  return {
    ...{ findings: findings.map(({ finding }) => finding), changes: changes.length },
    ...{ done, waiting, notChecked, counted, finished: finished.length },
  };
}

const whole = {
  ...{ findings: expected, changes: expected.length, counted: expected.length },
  ...{ done: cells.length, waiting: 0, notChecked: 0, finished: 1 },
};

describe('a sweep loses nothing and doubles nothing', () => {
  test('where its worker is killed at ten points, with 30 % of the calls throttled', async () => {
    const begin = async () => {
      const database = await openDatabase({ databaseUrl: undefined, data: directory }, fail);
      const id = await requestSample(database, accounts.length);
      await database.close();
      return id;
    };
    const id = await begin();
    const throttled = dice(11);
    let worker: ChildProcess | undefined;
    let killAt = Number.POSITIVE_INFINITY;
    let since = 0;
    onCall = () => {
      since += 1;
      if (since === killAt) worker?.kill('SIGKILL');
      return throttled() < 0.3;
    };
    // From the first call, in which an account is listed, to where cells were read and recorded.
    for (const point of [1, 2, 3, 5, 8, 11, 14, 17, 20, 23]) {
      [killAt, since] = [point, 0];
      const one = work(directory, id);
      worker = one.worker;
      expect(await one.ended, `killed at call ${point}`).toBe('SIGKILL');
    }
    killAt = Number.POSITIVE_INFINITY;
    expect(await work(directory, id).ended).toBe(0);
    const database = await openDatabase({ databaseUrl: undefined, data: directory }, fail);
    expect(await outcome(database, id)).toEqual(whole);
    await database.close();
  });

  test('with two workers on Postgres, one of which is killed again and again', async ({ skip }) => {
    const programs = postgresPrograms();
    if (!programs) return skip('initdb and postgres are not installed');
    const server = await startPostgres(programs);
    try {
      const url = await server.database('sweep');
      const database = await openDatabase({ databaseUrl: url, data: directory }, fail);
      const id = await requestSample(database, accounts.length);
      const throttled = dice(5);
      let killed = 0;
      let victim = work(url, id);
      let count = 0;
      onCall = () => {
        count += 1;
        if (count % 25 === 0 && killed < 5) {
          killed += 1;
          victim.worker.kill('SIGKILL');
          victim = work(url, id);
        }
        return throttled() < 0.3;
      };
      const steady = work(url, id);
      // A dead worker keeps its cells for a minute. Here all claims end now and then, those of the living too.
      const forget = setInterval(
        () => void database.query('update sweep_cell set held_until = now() where held_until is not null'),
        2_000,
      );
      expect(await steady.ended.finally(() => clearInterval(forget))).toBe(0);
      expect(await victim.ended).toBe(0);
      expect(killed).toBeGreaterThan(1);
      expect(await outcome(database, id)).toEqual(whole);
      await database.close();
    } finally {
      await server.stop();
    }
  });
});
