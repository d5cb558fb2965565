import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeResults } from '../../../../lambda/contract/merge.ts';
import {
  actions,
  type Outcome,
  outcomes,
  type RemediationResult,
  type ResultFinding,
  remediationResultSchema,
} from '../../../../lambda/contract/result.ts';
import { outcomesByStrength } from '../../../../lambda/contract/strength.ts';
import { finding, remediation } from '../../../worlds/remediation-sample.ts';

const times = ['2026-03-02T09:15:10Z', '2026-03-02T09:15:11Z', '2026-03-02T09:16:00Z'];
const { undo } = finding();
const tagged = { ipPermission: { IpProtocol: 'tcp' }, tags: [{ Key: 'Name', Value: 'web' }] };
const findings = fc.array(
  fc
    .record({
      ruleId: fc.constantFrom('sgr-1', 'sgr-2', 'sgr-3'),
      action: fc.constantFrom(...actions),
      undo: fc.constantFrom(undo, tagged, null),
      error: fc.constantFrom('UnauthorizedOperation', undefined),
    })
    .map(({ error, ...rest }) => finding({ ...rest, ...(error !== undefined && { error }) })),
  { maxLength: 4 },
);
const status = fc.constantFrom('sent', 'folded', 'failed', 'not-needed', 'not-configured').map((each) => ({
  status: each as 'sent',
}));
/** Any result of one event and group, in parts too; what the schema allows, not only what the function publishes. */
const result: fc.Arbitrary<RemediationResult> = fc
  .record({
    time: fc.constantFrom(...times),
    outcome: fc.constantFrom(...outcomes),
    mode: fc.constantFrom('observe', 'notify', 'revoke', null),
    groupName: fc.constantFrom('web', null),
    canary: fc.constantFrom('c-1', undefined),
    findings,
    undecided: fc.array(
      fc.record({ ruleId: fc.constantFrom('sgr-1', 'sgr-4'), reason: fc.constantFrom('a', 'b') }),
    ),
    omitted: fc.constantFrom(0, 0, 2),
    split: fc.option(fc.constantFrom({ part: 1, parts: 2 }, { part: 2, parts: 2 }, { part: 1, parts: 3 })),
    slack: status,
    revokedAt: fc.constantFrom(...times, null),
  })
  .map(({ split, slack, revokedAt, canary, ...rest }) =>
    remediation({
      ...(rest as Partial<RemediationResult>),
      ...split,
      ...(canary !== undefined && { canary }),
      notification: { slack, sns: slack, securityHub: { status: 'not-needed' } },
      timeline: { eventTime: null, receivedAt: '2026-03-02T09:15:09Z', revokedAt },
    }),
  );

const later = (result: RemediationResult) => ({ ...result, time: '2026-03-02T09:16:00Z' });

function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, at) => orders(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/** As a database returns it: with its keys in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (value === null || typeof value !== 'object') return value;
  const reversed = Object.entries(value).reverse();
  return Object.fromEntries(reversed.map(([key, each]) => [key, reordered(each)]));
}

describe('results of one event and group', () => {
  test('merge into the same result in every order and with every repetition', () => {
    fc.assert(
      fc.property(fc.array(result, { minLength: 1, maxLength: 4 }), fc.nat(3), (results, again) => {
        const merged = mergeResults(results);
        for (const order of orders(results)) {
          expect(mergeResults(order)).toEqual(merged);
          const repeated = [...order, order[again % order.length] as RemediationResult];
          expect(mergeResults(repeated)).toEqual(merged);
          expect(mergeResults(reordered(order) as RemediationResult[])).toEqual(merged);
        }
        expect(remediationResultSchema.parse(merged)).toEqual(merged);
      }),
      { numRuns: 80 },
    );
  });

  test('keep what restores a rule, from any of the results, and add nothing', () => {
    fc.assert(
      fc.property(fc.array(result, { minLength: 1, maxLength: 5 }), (results) => {
        const merged = mergeResults(results);
        const all = results.flatMap((each) => each.findings);
        const undoable = (list: typeof all) =>
          [...new Set(list.filter(({ undo }) => undo !== null).map(({ ruleId }) => ruleId))].sort();
        expect(undoable(merged.findings)).toEqual(undoable(all));
        expect(new Set(merged.findings.map(({ ruleId }) => ruleId))).toEqual(
          new Set(all.map(({ ruleId }) => ruleId)),
        );
        for (const { undo } of merged.findings)
          if (undo !== null) expect(all.map((each) => each.undo)).toContainEqual(undo);
        expect(results.map(({ outcome }) => outcome)).toContain(merged.outcome);
      }),
    );
  });

  test('a single result is kept as it is', () => {
    const only = remediation({ findings: [finding({ ruleId: 'sgr-2' }), finding({ ruleId: 'sgr-1' })] });
    expect(mergeResults([only, structuredClone(only)])).toEqual(only);
  });

  const revoked = remediation({ findings: [finding()] });
  const gone = remediation({ outcome: 'rule-gone', reason: 'it was deleted', mode: null, time: times[1] });
  const of = (outcome: Outcome, change: Partial<ResultFinding>) =>
    remediation({ outcome, findings: [finding(change)] });
  const failed = of('access-denied', { action: 'failed', error: 'UnauthorizedOperation' });
  test.each<[string, RemediationResult[], Partial<RemediationResult>]>([
    [
      'a duplicate that found the rule deleted',
      [gone, revoked],
      { outcome: 'remediated', reason: null, mode: 'revoke' },
    ],
    [
      'a duplicate whose revoke came second',
      [of('rule-gone', { action: 'already-gone', undo: null }), revoked],
      { outcome: 'remediated', findings: [finding()] },
    ],
    ['a retry that revoked what was denied before', [failed, later(revoked)], { outcome: 'remediated' }],
    [
      'an attempt that was denied before it read the group, and one that read it',
      [remediation({ outcome: 'access-denied', reason: 'no role' }), gone],
      { outcome: 'rule-gone' },
    ],
    [
      'one rule revoked and another still open',
      [revoked, of('failed', { ruleId: 'sgr-2', action: 'failed' })],
      { outcome: 'failed' },
    ],
    [
      'one rule revoked and another escalated',
      [revoked, of('escalated', { ruleId: 'sgr-2', action: 'escalated', undo: null })],
      { outcome: 'escalated' },
    ],
  ])('%s', (_, results, wanted) => {
    expect(mergeResults(results)).toMatchObject(wanted);
    expect(mergeResults(results.toReversed())).toMatchObject(wanted);
  });

  test('a rule that is undecided in one result and revoked in another is decided', () => {
    const reasons = [{ ruleId: finding().ruleId, reason: 'throttled' }];
    const undecided = remediation({ outcome: 'undecided', undecided: reasons });
    expect(mergeResults([undecided, revoked])).toMatchObject({ outcome: 'remediated', undecided: [] });
  });
});

describe('parts of one result', () => {
  const whole = remediation({ findings: ['sgr-1', 'sgr-2', 'sgr-3'].map((ruleId) => finding({ ruleId })) });
  const parts = whole.findings.map((each, index) => {
    return { ...whole, findings: [each], part: index + 1, parts: 3 };
  });

  test('are the result again once all have arrived, in any order', () => {
    for (const order of orders(parts)) expect(mergeResults(order)).toEqual(whole);
  });

  test('are counted while one is missing', () => {
    const merged = mergeResults(parts.slice(1));
    expect(merged).toMatchObject({ parts: 3, outcome: 'remediated' });
    expect(merged).not.toHaveProperty('part');
  });

  test('an escalation in a part that has not arrived is not withdrawn by a duplicate', () => {
    const escalated = parts.slice(1).map((part) => ({ ...part, outcome: 'escalated' as const }));
    const duplicate = remediation({ outcome: 'rule-gone', time: times[2] });
    expect(mergeResults([...escalated, duplicate]).outcome).toBe('escalated');
  });

  test('of an attempt that ended half-way are complete by the retry that reports all of it', () => {
    const retry = later(whole);
    expect(mergeResults([...parts.slice(0, 2), retry])).not.toHaveProperty('parts');
    const closedByOther = {
      ...retry,
      findings: whole.findings.map((each) => ({ ...each, action: 'already-gone' as const, undo: null })),
    };
    expect(mergeResults([...parts.slice(0, 2), closedByOther]).parts).toBe(3);
  });

  test('omitted entries are counted until another result has them', () => {
    const cut = { ...whole, findings: whole.findings.slice(0, 1), omitted: 2 };
    const gone = remediation({ outcome: 'rule-gone', time: times[1] });
    expect(mergeResults([cut, gone]).omitted).toBe(2);
    expect(mergeResults([cut, later(whole)]).omitted).toBe(0);
  });
});

test('docs/events.md lists the outcomes in the order of their strength', () => {
  const text = readFileSync(new URL('../../../../docs/events.md', import.meta.url), 'utf8');
  const table = text.slice(text.indexOf('## Several results of one event'));
  const listed = [...table.matchAll(/^\| \d+ \|([^|]+)\|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  expect(listed).toEqual(outcomesByStrength);
  expect([...outcomesByStrength].sort()).toEqual([...outcomes].sort());
});
