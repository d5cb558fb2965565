import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, type TestContext } from 'vitest';
import { type Database, openDatabase } from '../../controlplane/store/database/database.ts';
import { type Postgres, postgresPrograms, startPostgres } from './postgres.ts';

export interface Place {
  /** The database of these tests, the same each time; closed again at the end. */
  open(): Promise<Database>;
  /** Several starts at the same moment on a database that is still empty; one where it bears one at a time. */
  openTogether(): Promise<Database[]>;
  /** Skips the test where this database is not to be had; fails it in CI. */
  need(context: TestContext): void;
}

const unexpected = (error: Error) => {
  throw error;
};

function temporary() {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'portcullis-database-'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));
  return () => directory;
}

/** The same tests over PGlite and over a Postgres started for them. */
export function onBothDatabases(body: (place: Place, kind: Database['kind']) => void): void {
  describe('on PGlite', () => {
    const data = temporary();
    let opened: Promise<Database> | undefined;
    afterAll(async () => (await opened)?.close());
    const open = () => {
      opened ??= openDatabase({ databaseUrl: undefined, data: data() }, unexpected);
      return opened;
    };
    const openTogether = async () => [await open()];
    body({ open, openTogether, need: () => undefined }, 'pglite');
  });
  describe('on Postgres', () => {
    const programs = postgresPrograms();
    let server: Postgres | undefined;
    let opened: Promise<Database> | undefined;
    beforeAll(async () => {
      if (programs) server = await startPostgres(programs);
    }, 60_000);
    afterAll(async () => {
      await (await opened)?.close();
      await server?.stop();
    });
    const at = (databaseUrl = '') => openDatabase({ databaseUrl, data: '' }, unexpected);
    const open = () => {
      opened ??= (async () => at(await server?.database('portcullis')))();
      return opened;
    };
    const openTogether = async () => {
      const url = await server?.database('together');
      return Promise.all([1, 2, 3, 4, 5].map(() => at(url)));
    };
    const need = ({ skip }: TestContext) => {
      if (programs) return;
      if (process.env.CI) throw new Error('initdb and postgres are not installed: CI has to have them');
      skip('initdb and postgres are not installed');
    };
    body({ open, openTogether, need }, 'postgres');
  });
}
