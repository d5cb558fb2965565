import { expect, test } from 'vitest';
import { keyedTurns } from '../../../../controlplane/queue/keyed.ts';

/** Work that notes when it begins and ends, and ends when told. */
function piece(log: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const work = async () => {
    log.push(`begin ${name}`);
    try {
      return await promise;
    } finally {
      log.push(`end ${name}`);
    }
  };
  return { work, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

const settle = () => new Promise((done) => setImmediate(done));

test('one key never runs twice at once, and runs in the order asked', async () => {
  const turn = keyedTurns();
  const log: string[] = [];
  const [a, b, c] = [piece(log, 'a'), piece(log, 'b'), piece(log, 'c')];
  const all = Promise.all([turn('key', a.work), turn('key', b.work), turn('key', c.work)]);
  await settle();
  expect(log).toEqual(['begin a']);
  c.end();
  b.end();
  await settle();
  expect(log).toEqual(['begin a']);
  a.end();
  expect(await all).toEqual(['a', 'b', 'c']);
  expect(log).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
});

test('different keys run side by side', async () => {
  const turn = keyedTurns();
  const log: string[] = [];
  const [a, b] = [piece(log, 'a'), piece(log, 'b')];
  const all = Promise.all([turn('one', a.work), turn('two', b.work)]);
  await settle();
  expect(log).toEqual(['begin a', 'begin b']);
  a.end();
  b.end();
  await all;
});

test('a failure is its own: it does not hold up what waits behind it', async () => {
  const turn = keyedTurns();
  const log: string[] = [];
  const [a, b] = [piece(log, 'a'), piece(log, 'b')];
  const failing = turn('key', a.work);
  const following = turn('key', b.work);
  a.fail();
  b.end();
  await expect(failing).rejects.toThrow('a');
  expect(await following).toBe('b');
});

test('work asked for while the key is busy runs once more after it', async () => {
  const turn = keyedTurns();
  let runs = 0;
  const first = piece([], 'first');
  const begun = turn('key', first.work);
  await settle();
  const again = turn('key', async () => ++runs);
  first.end();
  await begun;
  expect(await again).toBe(1);
  expect(await turn('key', async () => ++runs)).toBe(2);
});
