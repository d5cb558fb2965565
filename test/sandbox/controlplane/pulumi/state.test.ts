import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { S3 } from '@aws-sdk/client-s3';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { partWayOf } from '../../../../controlplane/pulumi/failure.ts';
import { accountStack, type EngineWorld, engineWorld, hubStack, operate } from '../../../worlds/engine.ts';
import { type Postgres, postgresPrograms, startPostgres } from '../../../worlds/postgres.ts';

const programs = postgresPrograms();
let world: EngineWorld;
let server: Postgres | undefined;
let s3: S3;
beforeAll(async () => {
  world = await engineWorld();
  s3 = new S3({ ...world.clients, forcePathStyle: true });
  await s3.createBucket({ Bucket: 'portcullis-state' });
  if (programs) server = await startPostgres(programs);
});
afterAll(async () => {
  await server?.stop();
  await world?.stop();
});

/** A state that several machines share, and what puts a lock into it as a dead machine would have left it. */
interface Shared {
  readonly url: string;
  lock(path: string, content: string): Promise<unknown>;
}

const inS3 = async (): Promise<Shared> => {
  const endpoint = encodeURIComponent(world.proxy.url);
  return {
    url: `s3://portcullis-state?endpoint=${endpoint}&s3ForcePathStyle=true&region=eu-west-1`,
    lock: (Key, Body) => s3.putObject({ Bucket: 'portcullis-state', Key, Body }),
  };
};

const inPostgres = async (): Promise<Shared> => {
  const url = await server?.database(`state_${Date.now()}`);
  return {
    url: `${url}?sslmode=disable`,
    async lock(key, text) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      const data = JSON.stringify({ data: Buffer.from(text).toString('base64') });
      // The backend puts the database's name before each key.
      const whole = `${new URL(url ?? '').pathname.slice(1)}/${key}`;
      await client.query('insert into pulumi_state (key, data) values ($1, $2)', [whole, data]);
      await client.end();
    },
  };
};

const lockOf = (host: string, pid: number): string =>
  JSON.stringify({ pid, username: 'portcullis', hostname: host, timestamp: new Date().toISOString() });

describe.each([
  ['s3://', inS3],
  ['postgres://', inPostgres],
])('a state at %s that two machines share', (scheme, place) => {
  test('what one made, the other finds as it should be; a lock of one stops the other until its owner is dead', async ({
    skip,
  }) => {
    if (scheme === 'postgres://' && !programs) {
      if (process.env.CI) throw new Error('initdb and postgres are not installed: CI has to have them');
      skip('initdb and postgres are not installed');
    }
    const shared = await place();
    const one = world.engine(`one-${scheme.slice(0, 2)}`, shared.url);
    const other = world.engine(`other-${scheme.slice(0, 2)}`, shared.url);
    const stack = accountStack('us-east-1');

    const made = await operate(one, 'up', stack, { known: false });
    expect(made.changes).toHaveLength(8);
    expect(await operate(other, 'up', stack)).toMatchObject({ changes: [], drift: [], unchanged: 8 });
    expect(await operate(one, 'up', stack)).toMatchObject({ changes: [], drift: [], unchanged: 8 });

    const lock = `.pulumi/locks/organization/portcullis/${stack.key}/dead.json`;
    await shared.lock(lock, lockOf('another-machine', 4242));
    await expect(operate(other, 'up', stack)).rejects.toThrow(/the stack is locked/);
    expect(await operate(other, 'up', stack, { recover: true })).toMatchObject({ changes: [], unchanged: 8 });

    await shared.lock(lock, lockOf(hostname(), process.pid)); // alive, and no pulumi: its number went to another
    expect(await operate(one, 'up', stack, { recover: true })).toMatchObject({ changes: [] });

    await operate(other, 'destroy', stack);
    expect(await one.exportState(stack.key)).toBeUndefined();
    expect(await world.there()).toEqual({ roles: [], queues: [], rules: [] });
  });
});

test('a state in files has no second file to tear, and one torn before by a kill is repaired', {
  timeout: 240_000,
}, async () => {
  const engine = world.engine('torn');
  const stack = accountStack();
  await operate(engine, 'up', stack, { known: false });
  const root = join(world.settings('torn').data, 'state', '.pulumi');
  const written = readdirSync(root, { recursive: true }).map(String);
  expect(written.filter((name) => name.endsWith('.json'))).not.toEqual([]);
  expect(written.filter((name) => name.endsWith('.attrs'))).toEqual([]);

  // As a CLI that keeps attributes leaves it where it is killed between beginning such a file and writing it.
  const locks = join(root, 'locks', 'organization', 'portcullis', stack.key);
  mkdirSync(locks, { recursive: true });
  writeFileSync(join(locks, 'dead.json'), lockOf('another-machine', 4242));
  writeFileSync(join(root, 'stacks', 'portcullis', `${stack.key}.json.attrs`), '');
  await expect(operate(engine, 'up', stack)).rejects.toThrow(/the stack is locked/);
  writeFileSync(join(root, 'stacks', 'portcullis', `${stack.key}.json.attrs`), '');
  expect(await operate(engine, 'up', stack, { recover: true })).toMatchObject({ changes: [], drift: [] });
  await operate(engine, 'destroy', stack);
});

test('a lock of another machine names its owner, its time and the command that breaks it', {
  timeout: 240_000,
}, async () => {
  const engine = world.engine('foreign');
  const { data, state } = world.settings('foreign');
  const stack = accountStack();
  await operate(engine, 'up', stack, { known: false });
  const locks = join(data, 'state', '.pulumi', 'locks', 'organization', 'portcullis', stack.key);
  mkdirSync(locks, { recursive: true });
  const lock = { pid: 42, username: 'operator', hostname: 'other-host', timestamp: '2026-11-29T13:21:31Z' };
  writeFileSync(join(locks, 'foreign.json'), JSON.stringify(lock));

  const failed = await operate(engine, 'up', stack).catch((error) => error);
  const command = `PULUMI_BACKEND_URL='${state}' pulumi cancel --yes --stack organization/portcullis/${stack.key}`;
  expect(failed.message).toBe(
    `${stack.key}: the stack is locked by operator@other-host (process 42) since 2026-11-29T13:21:31Z; if that no longer works on it, break the lock: ${command}`,
  );
  expect(partWayOf(failed)).toMatchObject({ entered: false, locked: true });
  expect(readdirSync(locks)).toEqual(['foreign.json']);

  const PATH = `${process.env.PATH}:${join(homedir(), '.pulumi', 'versions', '3.259.0', 'bin')}`;
  execFileSync('sh', ['-c', command], { cwd: world.directory, env: { ...process.env, PATH } });
  expect(await operate(engine, 'up', stack)).toMatchObject({ changes: [], drift: [] });
  await operate(engine, 'destroy', stack);
});

test('where the bundle lies on a machine is no change of the hub', async () => {
  const one = world.engine('hub-one');
  const state = world.settings('hub-one').state;
  const other = world.engine('hub-other', state);
  await operate(one, 'up', hubStack(world.bundle), { known: false });
  const elsewhere = join(world.directory, 'elsewhere.zip');
  cpSync(world.bundle, elsewhere);
  expect(await operate(other, 'up', hubStack(elsewhere))).toMatchObject({ changes: [], drift: [] });
  expect(await operate(other, 'preview', hubStack(elsewhere))).toMatchObject({ changes: [], drift: [] });
  await operate(one, 'destroy', hubStack(world.bundle));
});

test('a password of the state is in no file of the work directory and in no message', async () => {
  const engine = world.engine('secret', 'postgres://portcullis:hunter2@127.0.0.1:1/state?sslmode=disable');
  const stack = accountStack();
  const failed = await operate(engine, 'up', stack, { known: false }).catch((error) => error);
  expect(failed.message).toMatch(/refused/);
  expect(failed.message).not.toContain('hunter2');
  const { data } = world.settings('secret');
  expect(readFileSync(join(data, 'work', stack.key, 'Pulumi.yaml'), 'utf8')).not.toContain('hunter2');
  rmSync(data, { recursive: true });
  expect(existsSync(data)).toBe(false);
});
