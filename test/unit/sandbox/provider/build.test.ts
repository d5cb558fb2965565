import { mkdir, mkdtemp, readdir, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildProvider } from '../../../../sandbox/provider/build.ts';

const hour = 3_600_000;
const ago = (milliseconds: number) => new Date(Date.now() - milliseconds);
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-provider-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('several builds at once are one, and only builds that were not used for a day are removed', async () => {
  for (const [name, age] of [
    ['unused', 25 * hour],
    ['used', 23 * hour],
  ] as const) {
    await mkdir(join(directory, name, 'part'), { recursive: true });
    await utimes(join(directory, name), ago(age), ago(age));
  }
  const places = await Promise.all([1, 2].map(() => buildProvider(directory)));
  const [place = ''] = places;
  expect(new Set(places)).toEqual(new Set([place]));
  expect((await readdir(directory)).sort()).toEqual([basename(place), 'used'].sort());
  expect((await readdir(place)).sort()).toEqual(['provider.mjs', 'pulumi-resource-aws']);
  expect((await stat(join(place, 'pulumi-resource-aws'))).mode & 0o111).toBe(0o111);

  const built = await stat(join(place, 'provider.mjs'));
  await utimes(place, ago(25 * hour), ago(25 * hour));
  expect(await buildProvider(directory)).toBe(place);
  expect((await stat(join(place, 'provider.mjs'))).ino).toBe(built.ino);
  expect((await stat(place)).mtimeMs).toBeGreaterThan(Date.now() - hour);
});
