import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../../../controlplane/store/database/database.ts';

test("the directory of the database is its user's alone, also where it was readable for others", async () => {
  const data = await mkdtemp(join(tmpdir(), 'portcullis-private-'));
  const directory = join(data, 'database');
  try {
    await mkdir(directory);
    await chmod(directory, 0o755);
    const database = await openDatabase({ data, databaseUrl: undefined }, () => undefined);
    await database.close();
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  } finally {
    await rm(data, { recursive: true });
  }
});
