import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PgBoss } from 'pg-boss';
import type { TestProject } from 'vitest/node';
import { type Database, openDatabase } from '../controlplane/store/database/database.ts';
import { migrations } from '../controlplane/store/migrations/list.ts';
import { postgresPrograms, startPostgres } from './worlds/postgres.ts';

/** What a run of the tests provides to each test file, made once: the engine, and a migrated database to copy. */
interface RunDatabase {
  engine: Database['kind'];
  /** A PGlite data directory with every migration and the queue's schema. */
  image?: string;
  /** The server's address; `template` is the name of a migrated database on it. */
  postgres?: { url: string; template: string };
}

declare module 'vitest' {
  interface ProvidedContext {
    database: RunDatabase;
  }
}

const repository = new URL('../', import.meta.url).pathname;
const kept = join(repository, '.portcullis/test-databases');

function engineOf(name: string): Database['kind'] {
  if (name === 'pglite' || name === 'postgres') return name;
  throw new Error(`TEST_DATABASE is ${name}: set it to pglite or postgres`);
}

const openAt = (settings: { databaseUrl?: string; data: string }) =>
  openDatabase({ databaseUrl: undefined, ...settings }, (error) => {
    throw error;
  });

/** Closes the database with every migration applied and the queue's schema made. */
async function prepare(database: Database): Promise<void> {
  const boss = new PgBoss({ ...database.queueOptions, schema: 'queue', supervise: false });
  await boss.start();
  await boss.stop({ graceful: false, close: true });
  await database.close();
}

/** Changes with the inputs of the image: the migrations, PGlite and the queue. */
function imageDigest(): string {
  const hash = createHash('sha256');
  const { dependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
  hash.update(JSON.stringify([migrations, dependencies['@electric-sql/pglite'], dependencies['pg-boss']]));
  return hash.digest('hex').slice(0, 16);
}

/** The PGlite image of the present migrations: initdb and migrations cost seconds, so it is kept between runs. */
async function pgliteImage(): Promise<string> {
  const image = join(kept, imageDigest());
  if (existsSync(image)) return image;
  const draft = join(kept, `draft-${randomUUID()}`);
  mkdirSync(draft, { recursive: true });
  await prepare(await openAt({ data: draft }));
  try {
    renameSync(draft, image);
  } catch (error) {
    // Another run was faster.
    if (!existsSync(image)) throw error;
    rmSync(draft, { recursive: true });
  }
  for (const name of readdirSync(kept))
    if (!name.startsWith('draft-') && name !== image.slice(kept.length + 1))
      rmSync(join(kept, name), { recursive: true, force: true });
  return image;
}

/**
 * Vitest's global set-up of a project with database tests. `TEST_DATABASE` chooses the engine: `pglite` (the default)
 * or `postgres`, one server for the run.
 */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const engine = engineOf(project.config.env?.TEST_DATABASE ?? process.env.TEST_DATABASE ?? 'pglite');
  if (engine === 'pglite') {
    project.provide('database', { engine, image: await pgliteImage() });
    return undefined;
  }
  const programs = postgresPrograms();
  if (!programs) {
    project.provide('database', { engine });
    return undefined;
  }
  const server = await startPostgres(programs);
  const template = 'portcullis_template';
  const url = await server.database(template);
  await prepare(await openAt({ databaseUrl: url, data: '' }));
  project.provide('database', { engine, postgres: { url, template } });
  return server.stop;
}
