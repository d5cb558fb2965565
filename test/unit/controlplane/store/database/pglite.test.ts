import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { migratedDatabase } from '../../../../worlds/control-plane.ts';

const module = new URL('../../../../../controlplane/store/database/database.ts', import.meta.url).href;

/** Opens the database and asks it often enough that V8 would optimize most of what a statement runs through. */
const script = `
  const { openDatabase } = await import(${JSON.stringify(module)});
  const database = await openDatabase({ databaseUrl: undefined, data: process.argv[1] }, console.error);
  const [{ sharedBuffers }] = await database.query('show shared_buffers');
  for (let index = 0; index < 1_000; index += 1)
    await database.query("insert into fact (name, value, updated_at) values ($1, $2, now()) on conflict (name) do update set value = excluded.value", [\`sample-\${index % 10}\`, JSON.stringify(index)]);
  await database.close();
  console.log(JSON.stringify({ sharedBuffers, megabytes: process.resourceUsage().maxRSS / 1024 }));
`;

test('a process that uses PGlite stays small: its cache of pages, and no second compilation', async () => {
  const data = await mkdtemp(join(tmpdir(), 'portcullis-pglite-'));
  onTestFinished(() => rm(data, { recursive: true, force: true }));
  await migratedDatabase(data);
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--input-type=module', '-e', script],
    data,
  ]);
  const { sharedBuffers, megabytes } = JSON.parse(stdout);
  expect(sharedBuffers).toBe('16MB');
  expect(megabytes).toBeLessThan(350);
});
