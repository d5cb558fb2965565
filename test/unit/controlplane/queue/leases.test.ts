import { expect, vi } from 'vitest';
import type { Lease, Leases } from '../../../../controlplane/queue/leases.ts';
import type { Database } from '../../../../controlplane/store/database/database.ts';
import { LeaseLost } from '../../../../controlplane/store/database/lease-guard.ts';
import { openStore } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { until } from '../../../worlds/until.ts';
import { leaseScene, rest } from './scene.ts';

vi.setConfig({ testTimeout: 60_000 });

let database: Database;
const open = leaseScene((given) => {
  database = given;
});
/** A database whose statements are let through, held up, or refused. */
const troubled = () => {
  let state: 'well' | 'held' | 'refused' = 'well';
  const waiting: (() => void)[] = [];
  const query: Database['query'] = async (sql, parameters) => {
    if (state === 'refused') throw new Error('the database does not answer');
    if (state === 'held') await new Promise<void>((go) => waiting.push(go));
    return database.query(sql, parameters);
  };
  const become = (next: typeof state) => {
    state = next;
    if (next !== 'held') for (const go of waiting.splice(0)) go();
  };
  return { query, transaction: database.transaction, become };
};
/** As after the holder's death: its lease runs out unreleased. */
const expire = (key: string) =>
  database.query(`update lease set expires_at = now() - interval '1 s' where key = $1`, [key]);

test('those of a dead process are had at once, with a higher token, and taken as from the dead', async () => {
  const dead = open();
  const [before] = await dead.acquire([{ key: 'hub' }]);
  await dead.release(await dead.acquire([{ key: 'released' }]));
  const next = open();
  await next.releaseDead();
  const taken = await next.acquire([{ key: 'hub' }, { key: 'released' }]);
  expect(taken).toMatchObject([
    { key: 'hub', taken: 'from-dead' },
    { key: 'released', taken: 'fresh' },
  ]);
  expect(BigInt(taken[0]?.token ?? 0)).toBeGreaterThan(BigInt(before?.token ?? 0));
});

test('a key has one holder at a time over four workers, and its tokens grow', async () => {
  const workers = [open(), open(), open(), open()];
  const keys = Array.from({ length: 50 }, (_, index) => ({ key: `key-${index}` }));
  const holders = new Map<string, Lease>();
  const tokens = new Map<string, bigint>();
  const wrong: string[] = [];
  const contend = async (leases: Leases) => {
    for (let round = 0; round < 8; round += 1) {
      const got = await leases.acquire([...keys].sort(() => Math.random() - 0.5));
      for (const lease of got) {
        if (holders.has(lease.key)) wrong.push(`${lease.key} has two holders`);
        if (BigInt(lease.token) <= (tokens.get(lease.key) ?? 0n))
          wrong.push(`${lease.key}: token ${lease.token}`);
        holders.set(lease.key, lease);
        tokens.set(lease.key, BigInt(lease.token));
      }
      await rest(Math.random() * 5);
      for (const lease of got) holders.delete(lease.key);
      await leases.release(got);
    }
  };
  await Promise.all(workers.map(contend));
  expect(wrong).toEqual([]);
  expect(tokens.size).toBe(50);
  expect([...tokens.values()].reduce((sum, token) => sum + token, 0n)).toBeGreaterThan(60n);
});

test('a key that was released is taken fresh, one whose holder died is taken from the dead', async () => {
  const [first, second] = [open(), open()];
  const [lease] = await first.acquire([{ key: 'hub' }]);
  expect(lease?.taken).toBe('fresh');
  expect(await second.acquire([{ key: 'hub' }])).toEqual([]);
  await first.release([lease as Lease]);
  const [next] = await second.acquire([{ key: 'hub' }]);
  expect(next?.taken).toBe('fresh');
  expect(Number(next?.token)).toBeGreaterThan(Number(lease?.token));
  await expire('hub');
  const [third] = await first.acquire([{ key: 'hub' }]);
  expect(third?.taken).toBe('from-dead');
  expect(Number(third?.token)).toBeGreaterThan(Number(next?.token));
  await first.release([third as Lease]);
  expect(await second.acquire([{ key: 'hub' }])).toEqual([]); // it has not noticed yet that it lost the key
  expect(await open().acquire([{ key: 'hub' }])).toMatchObject([{ taken: 'fresh' }]);
});

test('a released lease leaves no row, and a write under it is refused to its holder of before', async () => {
  const { stacks } = openStore(database);
  await database.query(
    `insert into stack (key, kind, account_id, updated_at) values ('hub', 'hub', '222222222222', now())`,
  );
  const [first, second] = [open(), open()];
  const [lost] = await first.acquire([{ key: 'hub' }]);
  await expire('hub');
  await second.release(await second.acquire([{ key: 'hub' }]));
  expect(await database.query('select key from lease')).toEqual([]);
  await expect(stacks.begin('hub', {}, lost as Lease)).rejects.toMatchObject({ code: 'lease-lost' });
  const [again] = await second.acquire([{ key: 'hub' }]);
  await expect(stacks.begin('hub', {}, lost as Lease)).rejects.toMatchObject({ code: 'lease-lost' });
  await stacks.begin('hub', {}, again as Lease);
});

test('releasing a lease that was lost leaves the new holder its own', async () => {
  const [first, second] = [open(), open()];
  const lost = await first.acquire([{ key: 'hub' }]);
  await expire('hub');
  const [mine] = await second.acquire([{ key: 'hub' }]);
  await first.release(lost);
  await first.release(lost);
  expect(mine?.signal.aborted).toBe(false);
  expect(await open().acquire([{ key: 'hub' }])).toEqual([]);
});

test('a worker that cannot renew aborts before others may take its key, and writes nothing afterwards', async () => {
  const over = troubled();
  const ttlMs = 1_500;
  const [lease] = await open({ ttlMs }, over).acquire([{ key: 'account-300000000001' }]);
  over.become('held');
  const other = open({ ttlMs });
  const contend = async () => (await other.acquire([{ key: 'account-300000000001' }]))[0];
  let taken: Lease | undefined;
  let abortedFirst = false;
  await until(async () => {
    abortedFirst ||= lease?.signal.aborted === true;
    taken = await contend();
    return taken !== undefined;
  });
  expect(abortedFirst).toBe(true);
  expect(taken?.taken).toBe('from-dead');
  expect(Number(taken?.token)).toBeGreaterThan(Number(lease?.token));
  expect(lease?.signal.reason).toMatchObject({ code: 'lease-lost' });
  over.become('well');
  const { stacks } = openStore(database);
  await database.query(
    `insert into stack (key, kind, account_id, updated_at) values ('account-300000000001', 'account', '300000000001', now())`,
  );
  await expect(stacks.begin('account-300000000001', {}, lease as Lease)).rejects.toBeInstanceOf(LeaseLost);
  await stacks.begin('account-300000000001', {}, taken as Lease);
});

test('a short outage costs no lease, and one longer than the lease costs all of them', async () => {
  const over = troubled();
  const leases = open({ ttlMs: 3_000 }, over);
  const [lease] = await leases.acquire([{ key: 'hub' }]);
  const expiry = async () =>
    (await database.query<{ at: Date }>('select expires_at as at from lease'))[0]?.at;
  over.become('refused');
  await rest(700);
  over.become('well');
  const before = await expiry();
  await until(async () => Number(await expiry()) > Number(before));
  expect(lease?.signal.aborted).toBe(false);
  over.become('refused');
  await until(() => lease?.signal.aborted === true);
  over.become('well');
  await until(async () => (await leases.acquire([{ key: 'hub' }])).length === 1);
});

test('an answer that comes late counts from when it was asked for', async () => {
  const over = troubled();
  const late: Database['query'] = async (sql, parameters) => {
    const rows = await over.query(sql, parameters);
    await rest(3_000); // granted already, and 1.5 s are left of it
    over.become('refused');
    return rows as never;
  };
  const slow = { query: late, transaction: database.transaction };
  const [lease] = await open({ ttlMs: 4_500 }, slow).acquire([{ key: 'hub' }]);
  await until(() => lease?.signal.aborted === true);
  expect(await open().acquire([{ key: 'hub' }])).toEqual([]);
});

test('an abort ends holders at once, refuses new leases, and keeps held leases until they are released', async () => {
  const leases = open({ ttlMs: 1_500 });
  const got = await leases.acquire([{ key: 'hub' }, { key: 'organization' }]);
  leases.abort();
  expect(got.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  expect(await leases.acquire([{ key: 'account-300000000001' }])).toEqual([]);
  const renewed = async () => (await database.query(`select 1 from lease where expires_at > now()`)).length;
  const beyond = performance.now() + 2_000;
  await until(async () => performance.now() > beyond);
  expect(await renewed()).toBe(2);
  await leases.release(got);
  expect((await open().acquire([{ key: 'hub' }]))[0]?.taken).toBe('fresh');
});
