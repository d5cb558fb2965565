import { describe, expect, test } from 'vitest';
import { findingId } from '../../../../../controlplane/store/findings/identity.ts';
import {
  cleanAt,
  observationsOfReading,
  observationsOfResult,
  oneForEach,
} from '../../../../../controlplane/store/findings/observation.ts';
import { cell, observed, reading } from '../../../../worlds/finding-sample.ts';
import { finding, remediation } from '../../../../worlds/remediation-sample.ts';

describe('the id of a finding', () => {
  const identity = { ...cell, groupId: 'sg-1', ingress: 'tcp 22 22 0.0.0.0/0' };
  const id = findingId(identity);

  test('is short and always the same', () => expect(id).toMatch(/^f-[0-9a-f]{20}$/));

  test.each([
    ['account', { accountId: '300000000002' }],
    ['Region', { region: 'eu-west-2' }],
    ['group', { groupId: 'sg-2' }],
    ['ingress', { ingress: 'tcp 22 22 ::/0' }],
  ])('differs by %s', (_, change) => expect(findingId({ ...identity, ...change })).not.toBe(id));
});

test('a sweep and an event name the same ingress by the same id', () => {
  const group = observed().groupId;
  const [byEvent] = observationsOfResult(remediation({ groupId: group, findings: [finding()] }));
  const [bySweep] = observationsOfReading(reading(1, [observed()]));
  expect(byEvent?.id).toBe(bySweep?.id);
});

describe('what a result says', () => {
  const only = (change: Parameters<typeof finding>[0], result = {}) =>
    observationsOfResult(remediation({ findings: [finding(change)], ...result }))[0];

  test('a revoke took effect when the result says', () => {
    const timeline = {
      eventTime: null,
      receivedAt: '2026-03-02T09:15:09Z',
      revokedAt: '2026-03-02T09:15:09.5Z',
    };
    expect(only({}, { timeline })).toMatchObject({ seenAt: null, goneAt: timeline.revokedAt });
  });

  test('without a time of the revoke, the rule was deleted when the result was made', () =>
    expect(only({})).toMatchObject({ goneAt: '2026-03-02T09:15:10Z', goneRuleId: 'sgr-0a1b2c3d4e5f60001' }));

  test.each([
    ['observed', 'observe'],
    ['notified', 'notify'],
    ['would-revoke', 'revoke'],
    ['escalated', 'revoke'],
  ] as const)('a rule that is %s is in mode %s', (action, mode) =>
    expect(only({ action })).toMatchObject({ mode, seenState: 'open', seenAt: '2026-03-02T09:15:10Z' }),
  );

  test('without a group it says nothing', () => expect(only({}, { groupId: null })).toBeUndefined());

  test('it knows the owner by the tag of the group, and no exposure', () =>
    expect(only({}, { owner: { tag: 'team', value: 'shop' } })).toMatchObject({
      ...{ owner: { by: 'group-tag', tag: 'team', value: 'shop' }, exposure: null, ownerRead: false },
    }));

  test('a clean result says when its reading began', () =>
    expect(cleanAt(remediation({ outcome: 'clean' }))).toBe('2026-03-02T09:15:09Z'));
});

describe('several observations of one finding', () => {
  const [base] = observationsOfReading(reading(10, [observed()]));
  if (!base) throw new Error('the reading has a finding');
  const later = { ...base, seenAt: '2026-03-02T09:00:20.000Z', ruleId: 'sgr-2' };
  const gone = {
    ...base,
    seenAt: null,
    seenState: null,
    goneAt: '2026-03-02T09:00:15.000Z',
    goneRuleId: 'sgr-1',
  };
  const excepted = { ...base, seenState: 'excepted' as const, ruleId: 'sgr-9' };

  test.each<[string, (typeof base | typeof later | typeof gone | typeof excepted)[], object]>([
    ['the newest counts', [base, later], { seenAt: later.seenAt, ruleId: 'sgr-2', goneAt: null }],
    ['open is stronger than excepted', [excepted, base], { seenState: 'open', ruleId: base.ruleId }],
    [
      'a revoke and a new rule stay both',
      [gone, later],
      { seenAt: later.seenAt, goneAt: gone.goneAt, goneRuleId: 'sgr-1' },
    ],
    ['one alone stays as it is', [gone], gone],
  ])('%s', (_, observations, expected) => {
    expect(oneForEach(observations)).toMatchObject([expected]);
    expect(oneForEach(observations.toReversed())).toMatchObject([expected]);
  });

  test('other findings stay', () => expect(oneForEach([base, { ...base, id: 'f-other' }])).toHaveLength(2));
});
