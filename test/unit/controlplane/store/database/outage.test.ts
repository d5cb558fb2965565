import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { PortcullisError } from '../../../../../controlplane/settings/errors.ts';
import { type Database, openDatabase } from '../../../../../controlplane/store/database/database.ts';
import { type Postgres, postgresPrograms, startPostgres } from '../../../../worlds/postgres.ts';
import { until } from '../../../../worlds/until.ts';

const programs = postgresPrograms();
let server: Postgres | undefined;
let url = '';
let database: Database;
const warnings: Error[] = [];
const open = (databaseUrl: string, patience?: number) =>
  openDatabase({ databaseUrl, data: '' }, (error) => warnings.push(error), patience);

beforeAll(async () => {
  if (!programs) return;
  server = await startPostgres(programs);
  url = await server.database('outage');
  database = await open(url);
  await database.query('create table note (text text not null)');
}, 60_000);
beforeEach(({ skip }) => {
  if (programs) return;
  if (process.env.CI) throw new Error('initdb and postgres are not installed: CI has to have them');
  skip('initdb and postgres are not installed');
});
afterEach(() => server?.up());
afterAll(async () => {
  await database?.close();
  await server?.stop();
});

/** The address and what is in it. Only a start names the host. */
const secrets = () => [new URL(url).host, new URL(url).port, 'hunter2'];
const expectUnreachable = (error: unknown) => {
  expect(error).toBeInstanceOf(PortcullisError);
  expect(error).toMatchObject({ code: 'store-unreachable', retry: true });
  for (const secret of secrets()) expect((error as Error).message).not.toContain(secret);
};
const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no failure',
    (error) => error,
  );
const notes = async () =>
  (await database.query<{ text: string }>('select text from note')).map(({ text }) => text);

test('while Postgres is away every statement fails at once with a code, and works again once it is back', async () => {
  await server?.down();
  expectUnreachable(await failure(database.query('select 1')));
  expectUnreachable(await failure(database.transaction((query) => query('select 1'))));
  expectUnreachable(await failure(Promise.resolve(queueStatement('select 1'))));
  await server?.up();
  expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  expect(await database.transaction((query) => query('select 2 as two'))).toEqual([{ two: 2 }]);
});

const queueStatement = (sql: string) => {
  const { db } = database.queueOptions as { db: { executeSql(sql: string): Promise<unknown> } };
  return db.executeSql(sql);
};

test('a transaction that Postgres goes away under takes no effect', async () => {
  const broken = database.transaction(async (query) => {
    await query("insert into note values ('half')");
    await server?.crash();
    await query("insert into note values ('whole')");
  });
  expectUnreachable(await failure(broken));
  expect(await notes()).toEqual([]);
});

test('a connection that Postgres ends between two statements ends its transaction, not the process', async () => {
  const ended = database.transaction(async (query) => {
    await query("insert into note values ('half')");
    const [mine] = await query<{ pid: number }>('select pg_backend_pid() as pid');
    await database.query('select pg_terminate_backend($1)', [mine?.pid]);
    await query("insert into note values ('whole')");
  });
  expectUnreachable(await failure(ended));
  expect(await notes()).toEqual([]);
});

test("a statement's own mistake is reported as it is", async () => {
  expect(await failure(database.query('select from nowhere'))).toMatchObject({ code: '42P01' });
  expect(await failure(database.query('insert into note values (null)'))).toMatchObject({ code: '23502' });
});

test('a start waits for a Postgres that is not there yet', async () => {
  await server?.down();
  warnings.length = 0;
  const starting = open(url, 120_000);
  await until(() => warnings.length > 0);
  await server?.up();
  const late = await starting;
  expect(await late.query('select 1 as one')).toEqual([{ one: 1 }]);
  await late.close();
});

test('a start gives up with the host and the name of the variable, and neither user nor password', async () => {
  warnings.length = 0;
  const error = await failure(open('postgres://portcullis:hunter2@127.0.0.1:1/portcullis', 600));
  expectUnreachable(error);
  expect((error as Error).message).toBe(
    'Postgres at 127.0.0.1:1 (DATABASE_URL) cannot be opened: ECONNREFUSED',
  );
  expect(warnings.length).toBeGreaterThan(0);
  for (const { message } of warnings)
    expect(message).toBe('the database at 127.0.0.1:1 does not answer: ECONNREFUSED');
});

test('a start on a database that does not exist fails at once', async () => {
  const missing = new URL(url);
  missing.pathname = '/missing';
  expect(await failure(open(missing.href))).toMatchObject({
    message: `Postgres at ${missing.host} (DATABASE_URL) cannot be opened: 3D000`,
  });
});
