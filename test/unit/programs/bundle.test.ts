import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionSources } from '../../../lambda/bundle.ts';
import { type Policy, parsePolicy } from '../../../lambda/policy/parse.ts';
import { makeBundle } from '../../../programs/bundle.ts';

const repository = join(import.meta.dirname, '../../..');
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-bundle-'));
});
afterEach(() => rm(directory, { recursive: true }));

const policy: Policy = parsePolicy('version: 1\nrules: [{ name: all, match: {}, mode: observe }]');
const named = (name: string): Policy => ({ ...policy, rules: [{ name, match: {}, mode: 'observe' }] });
const hash = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
const facts = { organizationalUnits: ['b', 'a'], tags: { team: 'x', cost: 'y' } };
const made = async (file: string) => (await stat(file)).ino;

test('equal inputs in any order give the existing bundle; other inputs another', async () => {
  const [one, two] = ['300000000001', '300000000002'];
  const first = await makeBundle(policy, directory, { [one]: facts, [two]: { ...facts, tags: {} } });
  const inode = await made(first.file);
  const turned = { organizationalUnits: ['a', 'b'], tags: { cost: 'y', team: 'x' } };
  const again = await makeBundle(structuredClone(policy), directory, {
    [two]: { ...turned, tags: {} },
    [one]: turned,
  });
  expect(again).toEqual(first);
  expect(await made(again.file)).toBe(inode);
  expect(hash(await readFile(first.file))).toBe(first.sha256);
  const others = [
    await makeBundle(policy, directory),
    await makeBundle(named('other'), directory),
    await makeBundle(policy, directory, { [one]: facts, [two]: facts }),
  ];
  expect(new Set([first, ...others].map(({ sha256 }) => sha256)).size).toBe(4);
});

test('the name of a bundle follows from every source of the function, in sub-folders too', async () => {
  const listing = ['ls-files', '--cached', '--others', '--exclude-standard', 'lambda'];
  const tracked = execFileSync('git', listing, { cwd: repository, encoding: 'utf8' });
  expect(await functionSources()).toEqual(
    tracked
      .split('\n')
      .filter((file) => file.endsWith('.ts'))
      .sort(),
  );
});

test('a bundle is an archive with the function alone, equal whenever and wherever it is made', async () => {
  const { file, sha256 } = await makeBundle(policy, directory);
  const bytes = await readFile(file);
  const files = unzipSync(bytes);
  expect(Object.keys(files)).toEqual(['index.mjs']);
  expect(strFromU8(files['index.mjs'] ?? new Uint8Array())).toContain('PORTCULLIS_POLICY');
  await rm(directory, { recursive: true });
  expect((await makeBundle(policy, directory)).sha256).toBe(sha256);
});

test('several made at once are one', async () => {
  const bundles = await Promise.all([1, 2, 3, 4].map(() => makeBundle(policy, directory)));
  expect(new Set(bundles.map(({ file, sha256 }) => `${file} ${sha256}`)).size).toBe(1);
  expect(await readdir(directory)).toHaveLength(1);
});

test('one that was damaged is made anew', async () => {
  const first = await makeBundle(policy, directory);
  await writeFile(first.file, 'half of it');
  expect(await makeBundle(policy, directory)).toEqual(first);
  expect(hash(await readFile(first.file))).toBe(first.sha256);
  await rm(join(dirname(first.file), 'sha256'));
  expect(await makeBundle(policy, directory)).toEqual(first);
});

test('the latest used are kept, older ones and builds that were cut short are removed', async () => {
  const old = new Date(Date.now() - 7_200_000);
  const half = join(directory, `${'0'.repeat(32)}.68679d28-343e-48ec-8a8c-cdd430223a5d`);
  const underWay = join(directory, `${'1'.repeat(32)}.68679d28-343e-48ec-8a8c-cdd430223a5d`);
  for (const place of [half, underWay]) await mkdir(place);
  await utimes(half, old, old);
  const bundles = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    const bundle = await makeBundle(named(name), directory);
    const at = new Date(old.getTime() + bundles.push(bundle) * 1_000);
    await utimes(dirname(bundle.file), at, at);
  }
  await makeBundle(named('a'), directory);
  await makeBundle(named('e'), directory);
  const [a, , c, d] = bundles.map(({ file }) => basename(dirname(file)));
  const left = await readdir(directory);
  expect(left).toEqual(expect.arrayContaining([a, c, d, basename(underWay)]));
  expect(left).toHaveLength(5);
});

test('a policy that does not fit the grammar leaves nothing behind', async () => {
  await expect(makeBundle({ ...policy, rules: [] }, directory)).rejects.toThrow();
  expect(await readdir(directory)).toEqual([]);
});
