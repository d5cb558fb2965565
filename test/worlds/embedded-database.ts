import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Database, openDatabase } from '../../controlplane/store/database/database.ts';
import { openStore, type Store } from '../../controlplane/store/store.ts';

interface Embedded {
  /** A directory for the file's tests alone; the database is in it. */
  data: string;
  database: Database;
  store: Store;
}

/** An embedded database for the tests of a file: given before the first of them, gone after the last. */
export function embeddedDatabase(give: (embedded: Embedded) => void): void {
  let open: Embedded | undefined;
  beforeAll(async () => {
    const data = await mkdtemp(join(tmpdir(), 'portcullis-embedded-'));
    const database = await openDatabase({ databaseUrl: undefined, data }, (error) => {
      throw error;
    });
    open = { data, database, store: openStore(database) };
    give(open);
  }, 60_000);
  afterAll(async () => {
    if (!open) return;
    await open.database.close();
    await rm(open.data, { recursive: true });
  });
}
