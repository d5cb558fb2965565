import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const controlplane = path.resolve(import.meta.dirname, '../../../../controlplane');
const texts = readdirSync(controlplane, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(path.join(controlplane, file), 'utf8'));
const found = (pattern: RegExp) =>
  texts.flatMap((text) => [...text.matchAll(pattern)].map(([, first = '', second = '']) => [first, second]));

/** The names of the constants that are locked. */
const locked = [...new Set(found(/pg_(?:try_)?advisory_\w+\(\$\{(\w+)\}\)/g).map(([name]) => name))];
const locks = found(/pg_(?:try_)?advisory_\w+\(([^)]*)\)/g);
const numbers = new Map(found(/const (\w+Lock) = ([\d_]+);/g).map(([name, number]) => [name, number]));

test('every advisory lock of the database has a number of its own, and a name', () => {
  expect(locks.filter(([lock]) => !/^\$\{\w+\}$/.test(lock ?? ''))).toEqual([]);
  expect(locked.filter((name) => !numbers.has(name))).toEqual([]);
  const all = locked.map((name) => numbers.get(name));
  expect(all.length).toBeGreaterThan(5);
  expect(new Set(all).size).toBe(all.length);
});
