import { describe, expect, it } from 'vitest';
import { mergeResults } from '../../../../lambda/contract/merge.ts';
import { remediationResultSchema } from '../../../../lambda/contract/result.ts';
import { partsOf } from '../../../../lambda/notify/publish.ts';
import { createWorld, groupId, openRule, ssh } from '../../../worlds/lambda.ts';
import { finding, remediation } from '../../../worlds/remediation-sample.ts';

const limit = 256 * 1024;

describe('a result too large for an event', () => {
  it('of a group with a thousand offending rules is published in parts that hold all of them, with what puts them back', async () => {
    const world = createWorld();
    world.groups.set(
      groupId,
      Array.from({ length: 1_000 }, (_, id) => openRule(id)),
    );
    const [answer] = await world.handler(ssh);
    const { published } = world;
    expect(published.length).toBeGreaterThan(1);
    expect(published.map(({ part }) => part)).toEqual(published.map((_, index) => index + 1));
    for (const each of published) {
      expect(each).toMatchObject({ parts: published.length, omitted: 0, outcome: 'remediated' });
      expect(Buffer.byteLength(JSON.stringify(each))).toBeLessThan(limit - 8 * 1024);
    }
    const merged = mergeResults(published.toReversed());
    expect(merged.findings).toHaveLength(1_000);
    expect(merged.findings.every(({ undo }) => undo !== null)).toBe(true);
    expect(merged).not.toHaveProperty('parts');
    expect(answer?.findings).toHaveLength(1_000);
  });

  it('in bytes, not in letters, is split so that each part fits', () => {
    const findings = Array.from({ length: 400 }, (_, id) =>
      finding({ ruleId: `sgr-${id}`, message: 'ü€😀'.repeat(120) }),
    );
    const undecided = findings.map(({ ruleId }) => ({ ruleId: `u-${ruleId}`, reason: '€'.repeat(200) }));
    const whole = remediation({ findings, undecided });
    const parts = partsOf(whole);
    for (const part of parts) {
      expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThanOrEqual(240 * 1024);
      expect(remediationResultSchema.parse(part)).toEqual(part);
    }
    expect(parts.flatMap((part) => part.findings)).toEqual(findings);
    expect(parts.flatMap((part) => part.undecided)).toEqual(undecided);
  });

  it('for one entry that no event holds goes out without that entry, and counts it once', () => {
    const giant = finding({ ruleId: 'sgr-giant', message: 'x'.repeat(limit) });
    const [one, ...others] = partsOf(remediation({ findings: [giant, finding()] }));
    expect(others).toEqual([]);
    expect(one).toMatchObject({ omitted: 1, findings: [finding()] });
    expect(one).not.toHaveProperty('part');
    const many = Array.from({ length: 2_000 }, (_, id) => finding({ ruleId: `sgr-${id}` }));
    const parts = partsOf(remediation({ findings: [giant, ...many] }));
    expect(parts.map(({ omitted }) => omitted)).toEqual([...parts.slice(1).map(() => 0), 1]);
    expect(mergeResults(parts).omitted).toBe(1);
  });

  it('within the limit is one event without a part', () => {
    const whole = remediation({ findings: [finding()] });
    expect(partsOf(whole)).toEqual([whole]);
  });
});
