import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../../controlplane/store/database/database.ts';
import { openStore } from '../../../../controlplane/store/store.ts';
import { accountStack, type EngineWorld, engineWorld, operate } from '../../../worlds/engine.ts';
import { type Postgres, postgresPrograms, startPostgres } from '../../../worlds/postgres.ts';

const programs = postgresPrograms();
let world: EngineWorld;
let server: Postgres | undefined;
const open: Database[] = [];
beforeAll(async () => {
  if (!programs) return;
  [world, server] = await Promise.all([engineWorld(), startPostgres(programs)]);
});
afterAll(async () => {
  await Promise.all(open.splice(0).map((database) => database.close()));
  await server?.stop();
  await world?.stop();
});

/** A control plane's store and engine over one database, which holds the Pulumi state as well. */
async function controlPlane(data: string, url: string) {
  const database = await openDatabase({ databaseUrl: url, data: '' }, () => undefined);
  open.push(database);
  return { database, store: openStore(database), engine: world.engine(data, `${url}?sslmode=disable`) };
}

test('database and state restored from before a change converge with what was made since', async ({
  skip,
}) => {
  const program = (name: string) => join(programs ?? '', name);
  if (!programs || !existsSync(program('pg_dump')) || !server) {
    if (process.env.CI) throw new Error('postgres and pg_dump are not installed: CI has to have them');
    return skip('postgres and pg_dump are not installed');
  }
  const stack = accountStack('us-east-1');
  const url = await server.database('before');
  const before = await controlPlane('before', url);
  await operate(before.engine, 'up', accountStack(), { known: false });
  await before.store.stacks.declare(stack);
  await before.database.query("update stack set generation = 'old'");
  const file = join(world.directory, 'portcullis.dump');
  execFileSync(program('pg_dump'), ['--format=custom', `--file=${file}`, url]);
  await operate(before.engine, 'up', stack);
  await before.database.query("update stack set generation = 'new'");

  const restored = await server.database('restored');
  execFileSync(program('pg_restore'), ['--no-owner', `--dbname=${restored}`, file]);
  const after = await controlPlane('after', restored);
  // Keys begin with the database's name, which is another one here.
  await after.database.query("update pulumi_state set key = 'restored' || substr(key, length('before') + 1)");
  const record = await after.store.stacks.get(stack.key);
  expect(record?.generation).toBe('old');
  await operate(after.engine, 'up', stack, { known: record?.generation !== null });
  expect(await operate(after.engine, 'preview', stack)).toMatchObject({ changes: [], drift: [], errors: [] });
  const text = (await after.engine.exportState(stack.key)) ?? '';
  const urns = (JSON.parse(text).deployment.resources as { urn: string }[]).map(({ urn }) => urn);
  expect(new Set(urns).size).toBe(urns.length);
  expect(await world.there()).toMatchObject({ roles: ['portcullis-forwarder', 'portcullis-remediation'] });
  await operate(after.engine, 'destroy', stack);
}, 300_000);
