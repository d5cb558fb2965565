import { describe, expect, it } from 'vitest';
import { createWorld, fixture, groupId, openRule } from '../../../worlds/lambda.ts';

const ssh = fixture('authorize-nested');

describe('a result too large for an event', () => {
  it('is cut and counts what it left out', async () => {
    const world = createWorld({ mode: 'observe' });
    world.groups.set(
      groupId,
      Array.from({ length: 1_000 }, (_, id) => openRule(id)),
    );
    await world.handler(ssh);
    const [result] = world.published;
    expect(result?.omitted).toBeGreaterThan(0);
    expect((result?.findings.length ?? 0) + (result?.omitted ?? 0)).toBe(1_000);
    expect(JSON.stringify(result).length).toBeLessThan(256 * 1024);
  });
});
