import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { measureEvaluator } from '../../../bench/evaluator.ts';
import { figures } from '../../../bench/figures.ts';
import { event, instantWorld } from '../../../bench/instant-cloud.ts';
import { groups, largePolicy, situation } from '../../../bench/policy-sample.ts';
import { evaluate } from '../../../lambda/policy/evaluate.ts';
import { parsePolicy } from '../../../lambda/policy/parse.ts';

const own = parsePolicy(readFileSync(new URL('../../../sandbox/demo/policy.yaml', import.meta.url), 'utf8'));

describe('the sample of the bench', () => {
  test('has as many group rules as asked for, sixty to a group, the same in every run', () => {
    const sample = groups(10_000, 60);
    expect(sample.map(({ rules }) => rules.length)).toEqual([...Array(166).fill(60), 40]);
    expect(groups(10_000, 60)).toEqual(sample);
    expect(new Set(sample.flatMap(({ rules }) => rules.map(({ id }) => id))).size).toBe(10_000);
  });

  test('has a policy of as many rules, the same in every run', () => {
    expect(largePolicy(1_000).rules).toHaveLength(1_000);
    expect(largePolicy(10)).toEqual(largePolicy(10));
  });

  test('leaves no rule in doubt, and most to be compared with every rule of the policy', () => {
    const policy = largePolicy(100);
    const verdicts = groups(600, 60).flatMap(({ group, rules }) => evaluate(policy, group, rules, situation));
    const share = (verdict: string) =>
      verdicts.filter((each) => each.verdict === verdict).length / verdicts.length;
    expect(share('undecided')).toBe(0);
    expect(share('allowed')).toBeGreaterThan(0.9);
  });
});

test('the instant world closes the opened rule and no other, each time anew', async () => {
  const world = instantWorld(own);
  for (const times of [1, 2, 3, 4, 5, 6, 7]) {
    world.open();
    const [result] = await world.handler(event);
    expect(result).toMatchObject({ outcome: 'remediated', findings: [{ action: 'revoked' }] });
    expect(world.revoked()).toBe(times);
  }
});

test('a quick bench of the evaluator gives figures above nothing', async () => {
  const kept = figures();
  await measureEvaluator(kept, { quick: true, progress: () => undefined });
  expect(kept.list().length).toBeGreaterThan(7);
  expect(kept.list().every(({ value }) => value > 0)).toBe(true);
});
