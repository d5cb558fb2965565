import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextStep } from '../../../../controlplane/runs/progress.ts';
import { wavesOf } from '../../../../controlplane/runs/waves.ts';
import { type RolloutPlan, rolloutSchema } from '../../../../controlplane/settings/rollout.ts';
import type { OrganizationAccount } from '../../../../controlplane/stacks/account.ts';
import type { RunStackState, WaveCount } from '../../../../controlplane/store/run-stacks.ts';

const account = (number: number, unit = 'ou-a'): OrganizationAccount => ({
  ...{ id: String(300_000_000_000 + number), name: `account ${number}`, state: 'ACTIVE' as const },
  ...{ parents: ['r-root', unit], unitNames: [unit], path: unit, joinedAt: undefined },
});
const some = (count: number) =>
  Array.from({ length: count }, (_, index) => account(index, index % 3 ? 'ou-a' : 'ou-b'));
const share = fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`);

describe('the waves of a roll-out', () => {
  const part = (count: number) =>
    fc.oneof(
      share,
      fc.constantFrom('ou-a', 'ou-b', 'r-root'),
      fc.integer({ min: 0, max: count - 1 }).map((n) => account(n).id),
    );
  const plan = fc.integer({ min: 1, max: 60 }).chain((count) =>
    fc.tuple(
      fc.constant(count),
      fc.array(
        fc.array(part(count), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('+')),
        { maxLength: 5 },
      ),
    ),
  );

  test('have every account in exactly one of them, for any names', () => {
    fc.assert(
      fc.property(plan, ([count, waves]) => {
        if (count < 2 && waves.some((wave) => wave.includes('ou-a'))) return;
        const found = wavesOf(waves, some(count));
        expect([...found.keys()].sort()).toEqual(some(count).map(({ id }) => id));
        for (const wave of found.values()) {
          expect(wave).toBeGreaterThanOrEqual(1);
          expect(wave).toBeLessThanOrEqual(waves.length + 1);
        }
      }),
    );
  });

  test('put an account into the first that names it', () => {
    const found = wavesOf(['300000000004', 'ou-b + 300000000001', 'r-root'], some(6));
    expect(Object.fromEntries(found)).toEqual({
      ...{ '300000000004': 1, '300000000000': 2, '300000000003': 2, '300000000001': 2 },
      ...{ '300000000002': 3, '300000000005': 3 },
    });
  });

  test('of shares are cumulative: 10 %, 50 % and 100 % of 200 are 20, 80 more, and the rest', () => {
    const found = [...wavesOf(['10%', '50%', '100%'], some(200)).values()];
    expect([1, 2, 3, 4].map((wave) => found.filter((each) => each === wave).length)).toEqual([
      20, 80, 100, 0,
    ]);
  });

  test('of a share count those that earlier waves name', () => {
    const found = [...wavesOf(['ou-b', '50%'], some(100)).values()];
    expect([1, 2, 3].map((wave) => found.filter((each) => each === wave).length)).toEqual([34, 16, 50]);
  });

  test('are the same in every listing order, and a new account moves hardly any other', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(some(40), { minLength: 40 }), (shuffled) => {
        expect(new Map([...wavesOf(['20%'], shuffled)].sort())).toEqual(
          new Map([...wavesOf(['20%'], some(40))].sort()),
        );
      }),
      { numRuns: 20 },
    );
    const before = wavesOf(['10%'], some(200));
    const after = wavesOf(['10%'], some(201));
    expect([...before].filter(([id, wave]) => after.get(id) !== wave).length).toBeLessThanOrEqual(2);
  });

  test.each(['300000000099', 'ou-c', 'ou-a+ou-c'])('that name %s, which is not here, are refused', (wave) => {
    expect(() => wavesOf([wave], some(9))).toThrow(
      /waves: .* is not an account or organizational unit of this organization/,
    );
  });

  test('may name accounts that this run is not about', () => {
    expect([...wavesOf(['300000000001'], [account(2)], some(3)).values()]).toEqual([2]);
  });

  test.each(['', 'all', '101%', '-1%', '10 %', '10%+', '12345', 'ou_a', '1e1%'])('cannot be %j', (wave) => {
    expect(rolloutSchema.safeParse({ waves: [wave] }).success).toBe(false);
  });
});

const states: RunStackState[] = [
  'pending',
  'admitted',
  'running',
  'succeeded',
  'unchanged',
  'failed',
  'unreachable',
  'skipped',
];
const over: ReadonlySet<RunStackState> = new Set([
  'succeeded',
  'unchanged',
  'failed',
  'unreachable',
  'skipped',
]);
const count = fc.record({
  wave: fc.integer({ min: 0, max: 4 }),
  state: fc.constantFrom(...states),
  recent: fc.boolean(),
  count: fc.integer({ min: 1, max: 30 }),
});
const settings: fc.Arbitrary<RolloutPlan> = fc.record(
  {
    parallel: fc.integer({ min: 1, max: 50 }),
    maxFailures: fc.integer({ min: 0, max: 10 }),
    maxFailurePercent: fc.integer({ min: 0, max: 100 }),
  },
  { requiredKeys: [] },
);
const sum = (counts: readonly WaveCount[], test: (each: WaveCount) => boolean) =>
  counts.filter(test).reduce((all, each) => all + each.count, 0);

describe('the next step of a roll-out', () => {
  test('never begins a wave before those below it have ended, nor more at once than is allowed', () => {
    fc.assert(
      fc.property(fc.array(count, { maxLength: 12 }), settings, (counts, plan) => {
        const next = nextStep(counts, plan);
        if (next.do !== 'admit') return;
        expect(sum(counts, ({ wave, state }) => wave < next.wave && !over.has(state))).toBe(0);
        const underWay = sum(counts, ({ state }) => state === 'admitted' || state === 'running');
        expect(next.most).toBeGreaterThan(0);
        expect(underWay + next.most).toBeLessThanOrEqual(plan.parallel ?? 64);
        expect(next.most).toBeLessThanOrEqual(
          sum(counts, ({ wave, state }) => wave === next.wave && state === 'pending'),
        );
      }),
    );
  });

  test('is the end exactly when everything has ended, with the number of failures', () => {
    fc.assert(
      fc.property(fc.array(count, { maxLength: 12 }), settings, (counts, plan) => {
        const next = nextStep(counts, plan);
        expect(next.do === 'finish').toBe(sum(counts, ({ state }) => !over.has(state)) === 0);
        if (next.do === 'finish') expect(next.failed).toBe(sum(counts, ({ state }) => state === 'failed'));
      }),
    );
  });

  test('is something to do or to wait for: no roll-out is idle with nothing under way', () => {
    fc.assert(
      fc.property(fc.array(count, { maxLength: 12 }), settings, (counts, plan) => {
        const underWay = sum(counts, ({ state }) => state === 'admitted' || state === 'running');
        if (nextStep(counts, plan).do === 'idle') expect(underWay).toBeGreaterThan(0);
      }),
    );
  });

  const at = (wave: number, state: RunStackState, count: number, recent = true): WaveCount => ({
    wave,
    state,
    count,
    recent,
  });
  const rest = at(2, 'pending', 50);

  test.each([
    [
      'as many failures as are allowed',
      { maxFailures: 2 },
      [at(1, 'failed', 2), at(1, 'pending', 5)],
      'admit',
    ],
    ['one more', { maxFailures: 2 }, [at(1, 'failed', 3), at(1, 'running', 5)], 'pause'],
    ['none allowed, and the wave is over', { maxFailures: 0 }, [at(1, 'failed', 1)], 'pause'],
    [
      'a share of too few to say anything',
      { maxFailurePercent: 10 },
      [at(1, 'failed', 1), at(1, 'pending', 5)],
      'admit',
    ],
    ['the same once the wave is over', { maxFailurePercent: 10 }, [at(1, 'failed', 1)], 'pause'],
    [
      'just the share',
      { maxFailurePercent: 20 },
      [at(1, 'failed', 1), at(1, 'succeeded', 4), at(1, 'pending', 1)],
      'admit',
    ],
    [
      'more than the share',
      { maxFailurePercent: 19 },
      [at(1, 'failed', 1), at(1, 'unchanged', 4), at(1, 'pending', 1)],
      'pause',
    ],
    [
      'skipped ones do not dilute the share',
      { maxFailurePercent: 40 },
      [at(1, 'failed', 1), at(1, 'skipped', 99)],
      'pause',
    ],
    [
      'accounts that could not be reached, which are no failures',
      { maxFailures: 0, maxFailurePercent: 0 },
      [at(1, 'unreachable', 9), at(1, 'pending', 5)],
      'admit',
    ],
    [
      'the hub failed, which is no matter of limits',
      { maxFailures: 0 },
      [at(0, 'failed', 1), at(1, 'pending', 5)],
      'admit',
    ],
    ['no limit', {}, [at(1, 'failed', 99)], 'admit'],
    ['failures of before it was resumed', { maxFailures: 0 }, [at(1, 'failed', 9, false)], 'admit'],
    [
      'one more after it was resumed',
      { maxFailures: 0 },
      [at(1, 'failed', 9, false), at(2, 'failed', 1)],
      'pause',
    ],
  ] as const)('after %s', (_, plan, counts, expected) => {
    expect(nextStep([...counts, rest], plan).do).toBe(expected);
  });

  test('after failures in the last wave is the end: there is nothing left to hold back', () => {
    expect(nextStep([at(1, 'failed', 9)], { maxFailures: 0 })).toEqual({ do: 'finish', failed: 9 });
  });
});
