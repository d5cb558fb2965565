import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { evaluate } from '../../../../lambda/policy/evaluate.ts';
import { parsePolicy, policySchema } from '../../../../lambda/policy/parse.ts';
import { group, rule } from '../../../worlds/policy-sample.ts';

const page = readFileSync(new URL('../../../../docs/policy.md', import.meta.url), 'utf8');
const recipes = [...page.matchAll(/^### (\d+\. .+)\n\n```yaml\n([\s\S]*?)```$/gm)].map(
  ([, title = '', text = '']) => [title, text] as const,
);

/** Every key of the grammar, by its schema. */
function keysOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'properties' in schema && schema.properties ? Object.keys(schema.properties) : [];
  return [...own, ...Object.values(schema).flatMap(keysOf)];
}

describe('docs/policy.md', () => {
  it('has ten recipes', () => expect(recipes).toHaveLength(10));

  it.each(recipes)('has a policy in its recipe %s', (_, text) => {
    const policy = parsePolicy(text);
    const tried = [rule(), rule({ protocol: '-1' }), rule({ protocol: 'icmp', fromPort: 5, toPort: 0 })];
    expect(evaluate(policy, group, tried)).toHaveLength(3);
  });

  it('names every key of the grammar in its tables', () => {
    const keys = new Set(keysOf(z.toJSONSchema(policySchema, { unrepresentable: 'any', io: 'input' })));
    expect(keys.size).toBeGreaterThan(30);
    const tables = page
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .join('\n');
    expect([...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(tables))).toEqual([]);
  });
});
