import { expect, test } from 'vitest';
import { allowed, type Finding, judge } from '../../policy-linters/allowed.ts';

const found: Finding = {
  policy: 'control-plane-policy.json',
  linter: 'parliament',
  finding: 'RESOURCE_STAR',
  about: 'organizations:DescribeAccount',
};
const entry = {
  policy: /^control-plane-policy\.json$/,
  finding: /^RESOURCE_STAR$/,
  about: /^organizations:/,
  reason: 'a reason',
};

test('a finding that an entry accepts is no error', () => {
  expect(judge([found], [entry])).toEqual({ refused: [], unused: [] });
});

test('a finding of another policy, kind or action is one', () => {
  for (const other of [
    { policy: 'deployer-policy.json' },
    { finding: 'UNKNOWN_ACTION' },
    { about: 'iam:CreateUser' },
  ])
    expect(judge([{ ...found, ...other }], [entry])).toEqual({
      refused: [{ ...found, ...other }],
      unused: [entry],
    });
});

test('an entry that accepts nothing any more is an error', () => {
  expect(judge([], [entry]).unused).toEqual([entry]);
});

test('every entry of the list has its reason', () => {
  for (const { reason } of allowed) expect(reason.length).toBeGreaterThan(20);
});
