import { describe, expect, test } from 'vitest';
import type { ObservedTrail } from '../../../../controlplane/stacks/trail-check.ts';
import { trailsCondition, trailWarnings } from '../../../../controlplane/trails/condition.ts';
import { evaluateTrails } from '../../../../controlplane/trails/evaluate.ts';
import { member, organizationArn, trail } from '../../../worlds/trail-sample.ts';

const judge = (trails: ObservedTrail[]) => evaluateTrails({ accountId: member, region: 'eu-west-1', trails });

describe('a delivery of a trail that fails', () => {
  test.each([
    ['log', 'log-delivery', 'bucket logs'],
    ['digest', 'digest-delivery', 'bucket logs'],
    ['logGroup', 'log-group-delivery', 'log group'],
    ['notification', 'notification', 'SNS'],
  ] as const)('%s is a warning with its fix; the Region stays covered', (what, cause, named) => {
    const check = judge([trail({ failing: { [what]: 'AccessDenied' } })]);
    expect(check).toMatchObject({ covered: true, warnings: [{ cause, trailArn: organizationArn }] });
    const [warning] = check.covered === true ? (check.warnings ?? []) : [];
    expect(warning?.message).toMatch(new RegExp(`${named}.*\\(AccessDenied\\)`));
    expect(warning?.mend).not.toBe('');
  });
});

describe("an account's coverage", () => {
  const yes = { covered: true, trailArn: organizationArn } as const;
  const no = { covered: false, reason: 'none' } as const;
  const unknown = { covered: 'unknown', reason: 'denied' } as const;

  test.each([
    [[yes, yes], { status: 'True', reason: 'Covered', message: '2 Regions' }],
    [[yes, no], { status: 'False', reason: 'PartlyCovered', message: '1 of 2 Regions get no events: none' }],
    [[no, no], { status: 'False', reason: 'NotCovered', message: '2 of 2 Regions get no events: none' }],
    [
      [yes, unknown],
      { status: 'Unknown', reason: 'CheckFailed', message: '1 of 2 Regions were not checked: denied' },
    ],
    [
      [no, unknown],
      {
        status: 'False',
        reason: 'PartlyCovered',
        message: '1 of 2 Regions get no events: none; 1 of 2 Regions were not checked: denied',
      },
    ],
    [[], { status: 'Unknown', reason: 'CheckFailed', message: 'no Region was checked' }],
  ])('of checks as stored by an earlier version: %j', (checks, condition) => {
    expect(trailsCondition(checks)).toEqual(condition);
  });

  test('says each cause and each fix once, for however many Regions', () => {
    const stopped = judge([trail({ logging: false })]);
    expect(trailsCondition([stopped, stopped, yes])).toEqual({
      status: 'False',
      reason: 'PartlyCovered',
      message: `2 of 3 Regions get no events: logging of ${organizationArn} is stopped. Fix: as account 111111111111: aws cloudtrail start-logging --name ${organizationArn} --region us-east-1`,
    });
  });

  test('reports a failing delivery, and stays True', () => {
    const failing = judge([trail({ failing: { log: 'NoSuchBucket' } })]);
    const condition = trailsCondition([failing, failing]);
    expect(condition).toMatchObject({ status: 'True', reason: 'Covered' });
    expect(condition.message.match(/NoSuchBucket/g)).toHaveLength(1);
    expect(trailWarnings([failing, failing, yes])).toHaveLength(1);
  });
});
