import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { openBoss } from '../../../../controlplane/queue/boss.ts';
import { openLeases } from '../../../../controlplane/queue/leases.ts';
import { workQueue } from '../../../../controlplane/queue/work-queue.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { databaseTest as test } from '../../../worlds/database.ts';

let database: Database;
test.beforeEach(async ({ database: given }) => {
  database = given;
}, 60_000);

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((next) => setTimeout(next, 20));
};

test('work that failed more often than is tried is taken up again once it is resumed', async () => {
  const id = randomUUID();
  let tries = 0;
  let done = false;
  const work = {
    ...{ name: 'work', concurrent: 2 },
    unfinished: async () => (done ? [] : [id]),
    async carryOut() {
      tries += 1;
      if (tries <= 3) throw new Error('the database went away');
      done = true;
    },
  };
  const queue = workQueue(openBoss(database, makeLogger('silent')), work, makeLogger('silent'));
  await queue.start();
  await until(() => tries === 3);
  const ended = async () => {
    const sql = `select 1 from queue.job where singleton_key = $1 and state in ('created', 'retry', 'active')`;
    return (await database.query(sql, [id])).length === 0;
  };
  while (!(await ended())) await new Promise((next) => setTimeout(next, 20));
  await queue.resume();
  await until(() => done);
  await queue.stop();
  expect(tries).toBe(4);
});

test('a lease that cannot be given back, as the database is away, is given back once it can be', async () => {
  const id = randomUUID();
  let away = false;
  const query: Database['query'] = (sql, parameters) =>
    away ? Promise.reject(new Error('the database went away')) : database.query(sql, parameters);
  const log = makeLogger('silent');
  const leases = openLeases({ query, transaction: database.transaction }, log, { ttlMs: 600 });
  let tries = 0;
  const work = {
    ...{ name: 'leased', concurrent: 2, unfinished: async () => [], leases },
    async carryOut() {
      tries += 1;
      if (tries > 1) return;
      away = true;
      setTimeout(() => {
        away = false;
      }, 200);
      throw new Error('the database went away');
    },
  };
  const queue = workQueue(openBoss(database, log), work, log);
  await queue.start();
  await queue.send(id);
  await until(() => tries === 2);
  await queue.stop();
  await leases.stop();
  expect(tries).toBe(2);
});

test('queues of one process share their connection, and one that stops leaves the others at work', async () => {
  const log = makeLogger('silent');
  const boss = openBoss(database, log);
  const done: string[] = [];
  const queueOf = (name: string) =>
    workQueue(
      boss,
      {
        ...{ name, concurrent: 1, unfinished: async () => [] },
        carryOut: async (id) => void done.push(`${name} ${id}`),
      },
      log,
    );
  const [first, second] = [queueOf('first'), queueOf('second')];
  await first.start();
  await second.start();
  await first.stop();
  const id = randomUUID();
  await second.send(id);
  await until(() => done.includes(`second ${id}`));
  await second.stop();
  await expect(second.start()).rejects.toThrow(/stopped/);
});

test('one id is never worked on twice at once', async () => {
  const id = randomUUID();
  let now = 0;
  let most = 0;
  let ends = 0;
  const work = {
    ...{ name: 'single', concurrent: 4, unfinished: async () => [] },
    async carryOut() {
      now += 1;
      most = Math.max(most, now);
      await new Promise((next) => setTimeout(next, 700));
      now -= 1;
      ends += 1;
    },
  };
  const queue = workQueue(openBoss(database, makeLogger('silent')), work, makeLogger('silent'));
  await queue.start();
  await queue.send(id);
  await until(() => now === 1);
  await queue.send(id);
  await until(() => ends === 1);
  await queue.stop();
  expect(most).toBe(1);
});

test('work of a queue that is paused is left, and is done once it is resumed', async () => {
  const id = randomUUID();
  let isPaused = true;
  let done = false;
  const log = makeLogger('silent');
  const work = {
    ...{ name: 'paused', concurrent: 2 },
    unfinished: async () => (done ? [] : [id]),
    isPaused: async () => isPaused,
    async carryOut() {
      expect(isPaused).toBe(false);
      done = true;
    },
  };
  const queue = workQueue(openBoss(database, log), work, log);
  const jobs = (state: string) =>
    database.query(`select 1 from queue.job where singleton_key = $1 and state = $2`, [id, state]);
  await queue.start();
  await queue.resume();
  expect(await jobs('created')).toEqual([]);
  await queue.send(id);
  while ((await jobs('completed')).length === 0) await new Promise((next) => setTimeout(next, 20));
  expect(done).toBe(false);
  isPaused = false;
  await queue.resume();
  await until(() => done);
  await queue.stop();
});
