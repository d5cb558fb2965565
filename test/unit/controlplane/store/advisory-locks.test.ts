import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { writersLock } from '../../../../controlplane/store/audit/lines.ts';

const controlplane = path.resolve(import.meta.dirname, '../../../../controlplane');
const texts = readdirSync(controlplane, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(path.join(controlplane, file), 'utf8'));
const found = (pattern: RegExp) =>
  texts.flatMap((text) => [...text.matchAll(pattern)].map(([, first = '', second = '']) => [first, second]));

/** What is locked: a constant's name, or in a migration, whose text never changes, the number itself. */
const locked = new Set(found(/pg_(?:try_)?advisory_\w+\(([^)]*)\)/g).map(([lock]) => lock));
const numbers = new Map(
  found(/const (\w+Lock) = ([\d_]+);/g).map(([name, number]) => [name, number?.replaceAll('_', '')]),
);

test('every advisory lock of the database has a number of its own', () => {
  const named = [...locked].flatMap((lock) => /^\$\{(\w+)\}$/.exec(lock ?? '')?.[1] ?? []);
  const spelled = [...locked].filter((lock) => /^\d+$/.test(lock ?? ''));
  expect(named.length + spelled.length, [...locked].join(', ')).toBe(locked.size);
  expect(named.filter((name) => !numbers.has(name))).toEqual([]);
  // A migration takes the writers' lock by its number.
  const own = spelled.filter((number) => number !== String(writersLock));
  const all = [...named.map((name) => numbers.get(name)), ...own];
  expect(all.length).toBeGreaterThan(4);
  expect(all.filter((number, index) => all.indexOf(number) !== index)).toEqual([]);
});
