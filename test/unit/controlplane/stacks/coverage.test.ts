import { describe, expect, test } from 'vitest';
import {
  coverageChange,
  knownAfter,
  ownTrailRegion,
  unanswered,
} from '../../../../controlplane/stacks/coverage.ts';
import type { RegionCoverage, TrailCheck } from '../../../../controlplane/stacks/trail-check.ts';
import { arnOf, member, organizationArn, ownArn } from '../../../worlds/trail-sample.ts';

const yes: TrailCheck = { covered: true, trailArn: organizationArn, kind: 'organization' };
const no: TrailCheck = {
  covered: false,
  reason: 'stopped',
  problems: [{ cause: 'stopped', trailArn: organizationArn, message: 'stopped', mend: 'start it' }],
};
const unknown: TrailCheck = { covered: 'unknown', reason: 'denied' };
const at = (trail: TrailCheck, region = 'eu-west-1'): RegionCoverage => ({ region, trail });
const lost = {
  region: 'eu-west-1',
  trail: organizationArn,
  problems: [{ cause: 'stopped', message: 'stopped', mend: 'start it' }],
};
const regained = { region: 'eu-west-1', trail: organizationArn, problems: [] };
const nothing = { lost: [], regained: [] };

test('a Region that does not answer for a while is lost once it does and is uncovered', () => {
  const covered = knownAfter([], [at(yes), at(yes, 'us-west-2')]);
  const pending = [at(yes, 'us-west-2'), ...unanswered(['eu-west-1'], 'no answer yet')];
  expect(coverageChange(covered, pending)).toEqual(nothing);
  const still = knownAfter(knownAfter(covered, pending), pending);
  expect(coverageChange(still, [at(no), at(yes, 'us-west-2')])).toEqual({ lost: [lost], regained: [] });
});

describe('what changed from one survey to the next', () => {
  test.each<[string, RegionCoverage[], RegionCoverage[], ReturnType<typeof coverageChange>]>([
    [
      'covered, then not: lost, with the cause and the fix',
      [at(yes)],
      [at(no)],
      { lost: [lost], regained: [] },
    ],
    ['not, then covered: regained, with the trail', [at(no)], [at(yes)], { lost: [], regained: [regained] }],
    [
      'covered by another trail than before: nothing',
      [at(yes)],
      [at({ ...yes, trailArn: 'other' })],
      nothing,
    ],
    ['uncovered for another reason: nothing', [at(no)], [at({ ...no, reason: 'none' })], nothing],
    ['covered, then unknown: nothing is known', [at(yes)], [at(unknown)], nothing],
    ['unknown for ever, then not covered: nothing is known of before', [at(unknown)], [at(no)], nothing],
    ['seen for the first time: nothing is lost', [], [at(no)], nothing],
    ['a Region more, uncovered: it never was', [at(yes)], [at(yes), at(no, 'us-west-2')], nothing],
    ['a Region less: it was left, not lost', [at(yes), at(yes, 'us-west-2')], [at(yes)], nothing],
    [
      'one Region lost and another regained',
      [at(yes), at(no, 'b')],
      [at(no), at(yes, 'b')],
      { lost: [lost], regained: [{ ...regained, region: 'b' }] },
    ],
    [
      'a check that an earlier version stored',
      [at({ covered: true, trailArn: organizationArn })],
      [at({ covered: false, reason: 'none' })],
      {
        lost: [{ ...lost, problems: [{ cause: 'unknown', message: 'none', mend: 'portcullis status' }] }],
        regained: [],
      },
    ],
  ])('%s', (_, before, after, change) => {
    expect(coverageChange(knownAfter([], before), after)).toEqual(change);
  });

  test('a check that fails in between hides no loss and makes none', () => {
    const known = knownAfter([], [at(yes)]);
    const between = knownAfter(known, [at(unknown)]);
    expect(between).toEqual(known);
    expect(coverageChange(between, [at(unknown)])).toEqual(nothing);
    expect(coverageChange(between, [at(no)]).lost).toEqual([lost]);
    expect(coverageChange(between, [at(yes)])).toEqual(nothing);
  });

  test('a Region that is no longer there is forgotten', () => {
    expect(knownAfter(knownAfter([], [at(yes)]), [at(yes, 'us-west-2')]).map(({ region }) => region)).toEqual(
      ['us-west-2'],
    );
  });
});

const ownStopped: TrailCheck = {
  covered: false,
  reason: 'stopped',
  problems: [{ cause: 'stopped', trailArn: ownArn, message: 'stopped', mend: 'start it' }],
};
const byOwn: TrailCheck = { covered: true, trailArn: ownArn, kind: 'multi-Region' };
const alsoOwn: TrailCheck = { ...yes, also: [ownArn] };
const foreign = arnOf('portcullis', 'us-east-1', '111111111111');
const account = (...checks: TrailCheck[]) => ({
  id: member,
  regions: checks.map((trail, index) => at(trail, `region-${index}`)),
});
const were = (...checks: TrailCheck[]) => knownAfter([], account(...checks).regions);

describe('whether an account gets a trail of its own, with PORTCULLIS_TRAILS=create', () => {
  test.each<[string, TrailCheck[], string | undefined]>([
    ['covered everywhere by another trail: no', [yes, yes], undefined],
    ['uncovered everywhere: in its first Region', [no, no], 'region-0'],
    ['one Region uncovered: the same', [yes, no], 'region-0'],
    ['covered by ours alone: kept, or the next inspection would remove it', [byOwn, byOwn], 'us-east-1'],
    ['covered by another too: kept until a person says', [alsoOwn], 'us-east-1'],
    ['ours stopped by hand: kept, so that the stack starts it', [ownStopped], 'us-east-1'],
    ['a check failed, nothing known: doubt does nothing', [unknown, yes], undefined],
    ['one check failed, another Region uncovered: made', [unknown, no], 'region-0'],
    ['a trail of that name in another account is not ours', [{ ...yes, trailArn: foreign }, no], 'region-0'],
    ['no Region: nothing to report', [], undefined],
  ])('%s', (_, checks, region) => {
    expect(ownTrailRegion('create', account(...checks), [])).toBe(region);
    expect(ownTrailRegion('report', account(...checks), were(...checks))).toBeUndefined();
  });

  test('every check failed: what was known before counts', () => {
    const doubt = account(unknown, unknown);
    expect(ownTrailRegion('create', doubt, were(byOwn, yes))).toBe('us-east-1');
    expect(ownTrailRegion('create', doubt, were(alsoOwn, yes))).toBe('us-east-1');
    expect(ownTrailRegion('create', doubt, were(ownStopped, yes))).toBe('us-east-1');
    expect(ownTrailRegion('create', doubt, were(yes, yes))).toBeUndefined();
  });

  test('once created it stays, although it changes the coverage itself', () => {
    const looks = [account(no, no), account(byOwn, byOwn), account(unknown, byOwn), account(alsoOwn, byOwn)];
    let known: ReturnType<typeof knownAfter> = [];
    for (const look of looks) {
      expect(ownTrailRegion('create', look, known)).toBeDefined();
      known = knownAfter(known, look.regions);
    }
  });
});
