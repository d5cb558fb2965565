import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { figures, json, median, merged, percentile, table } from '../../../bench/figures.ts';

describe('a percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  test.each([
    [50, 50],
    [99, 99],
    [99.5, 100],
    [100, 100],
    [0, 1],
  ])('%d of 1 to 100 is %d', (percent, value) => {
    expect(percentile(hundred, percent)).toBe(value);
  });

  test('of 200 values, the 99th leaves two above it', () => {
    const values = Array.from({ length: 200 }, (_, index) => index + 1);
    expect(percentile(values, 99)).toBe(198);
  });

  test('has no rounding of its own: 55 % of 20 values is the eleventh', () => {
    expect(
      percentile(
        Array.from({ length: 20 }, (_, index) => index + 1),
        55,
      ),
    ).toBe(11);
  });

  test('ranks numbers as numbers and leaves the values as they were', () => {
    const values = [1000, 9, 80];
    expect(median(values)).toBe(80);
    expect(values).toEqual([1000, 9, 80]);
  });

  test('is a measured value that at least that share does not exceed, and fewer do with the next one down', () => {
    const sample = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1 });
    fc.assert(
      fc.property(sample, fc.integer({ min: 1, max: 100 }), (values, percent) => {
        const found = percentile(values, percent);
        const share = (bound: (value: number) => boolean) => values.filter(bound).length * 100;
        expect(values).toContain(found);
        expect(share((value) => value <= found)).toBeGreaterThanOrEqual(percent * values.length);
        expect(share((value) => value < found)).toBeLessThan(percent * values.length);
      }),
    );
  });

  test('of nothing is an error', () => {
    expect(() => percentile([], 50)).toThrow('no percentile 50 of 0 values');
  });
});

describe('figures', () => {
  test('without a goal have null for goal and met', () => {
    const kept = figures();
    kept.add('onboard', 12.3456, 's');
    expect(JSON.parse(json(kept.list()))).toEqual([
      { figure: 'onboard', value: 12.35, unit: 's', goal: null, met: null },
    ]);
  });

  test.each([
    ['at most, kept', 5, { atMost: 5 }, true],
    ['at most, missed by less than is shown', 5.001, { atMost: 5 }, false],
    ['a goal of nothing at all', 0, { atMost: 0 }, true],
    ['at least, kept', 5, { atLeast: 5 }, true],
    ['at least, missed', 4.999, { atLeast: 5 }, false],
  ])('say whether the goal is met: %s', (_, value, goal, met) => {
    const kept = figures();
    kept.add('lost', value, 'count', goal);
    expect(kept.list()[0]).toMatchObject({ goal: Object.values(goal)[0], met });
  });

  test('refuse a name twice and what is not a number', () => {
    const kept = figures();
    kept.add('onboard', 1, 's');
    expect(() => kept.add('onboard', 2, 's')).toThrow('twice');
    expect(() => kept.add('ratio', 1 / 0, 'ratio')).toThrow('not a figure');
    expect(() => kept.add('median', Number.NaN, 'ms')).toThrow('not a figure');
    expect(kept.list()).toHaveLength(1);
  });
});

test('the table aligns names to the left and values to the right, and shows a missed goal', () => {
  const kept = figures();
  kept.add('onboard', 80, 's');
  kept.add('never revoked', 2, 'count', { atMost: 0 });
  kept.add('audit log', 1000.5, 'count', { atLeast: 7 });
  expect(table(kept.list()).split('\n')).toEqual([
    'figure          value  unit   goal',
    'onboard            80  s',
    'never revoked       2  count  0 MISSED',
    'audit log      1000.5  count  7 met',
  ]);
});

test('merged, a newer value takes the place of the older one, and a new figure comes last', () => {
  const [older, newer] = [figures(), figures()];
  older.add('onboard', 80, 's');
  older.add('audit log', 7, 'count');
  newer.add('bundle', 380, 'kB');
  newer.add('onboard', 51, 's', { atMost: 50 });
  expect(merged(older.list(), newer.list())).toEqual([
    { figure: 'onboard', value: 51, unit: 's', goal: 50, met: false },
    { figure: 'audit log', value: 7, unit: 'count', goal: null, met: null },
    { figure: 'bundle', value: 380, unit: 'kB', goal: null, met: null },
  ]);
});
