import type { EventSelector } from '@aws-sdk/client-cloudtrail';
import { describe, expect, test } from 'vitest';
import type { ObservedTrail } from '../../../../controlplane/stacks/trail-check.ts';
import { evaluateTrails } from '../../../../controlplane/trails/evaluate.ts';
import {
  all,
  arnOf,
  member,
  organizationArn,
  ownArn,
  ownTrail,
  trail,
} from '../../../worlds/trail-sample.ts';

const region = 'eu-west-1';
const judge = (trails: ObservedTrail[], more: { elsewhere?: ObservedTrail[]; unasked?: string[] } = {}) =>
  evaluateTrails({ accountId: member, region, trails, ...more });

const basic = (change: Partial<EventSelector>) => ({ eventSelectors: [{ ...all, ...change }] });

describe('the trails of one account and Region', () => {
  test.each<[string, ObservedTrail, string]>([
    ['organization', trail(), organizationArn],
    ['multi-Region', ownTrail('all'), arnOf('all')],
    ['single-Region', ownTrail('one', { multiRegion: false }, region), arnOf('one', region)],
  ])('a covering %s trail is named with its kind', (kind, one, trailArn) => {
    expect(judge([one])).toEqual({ covered: true, trailArn, kind });
  });

  test('no trail covers nothing, and it says what to make', () => {
    expect(judge([])).toEqual({
      covered: false,
      reason: 'no trail covers this Region of the account',
      problems: [
        {
          cause: 'none',
          message: 'no trail covers this Region of the account',
          mend: expect.stringContaining('PORTCULLIS_TRAILS=create'),
        },
      ],
    });
  });

  test('a single-Region trail of another Region does not cover it, and says how it would', () => {
    const elsewhere = ownTrail('one', { multiRegion: false }, 'us-west-2');
    const arn = arnOf('one', 'us-west-2');
    const problem = {
      cause: 'elsewhere',
      trailArn: arn,
      message: `${arn} records its own Region alone`,
      mend: `as account ${member}: aws cloudtrail update-trail --name ${arn} --is-multi-region-trail --region us-west-2`,
    };
    expect(judge([], { elsewhere: [elsewhere] })).toMatchObject({ covered: false, problems: [problem] });
    expect(judge([elsewhere])).toMatchObject({ covered: false, problems: [problem] });
  });

  test('a stopped organization trail is started by the account that owns it, in its home Region', () => {
    expect(judge([trail({ logging: false })])).toMatchObject({
      problems: [
        {
          mend: `as account 111111111111: aws cloudtrail start-logging --name ${organizationArn} --region us-east-1`,
        },
      ],
    });
  });

  test('whatever is wrong with our own trail, a reconcile mends', () => {
    expect(judge([ownTrail('portcullis', { logging: false })])).toMatchObject({
      problems: [{ cause: 'stopped', mend: `portcullis reconcile --account ${member}` }],
    });
  });

  test('every trail that does not cover gives its reason, in the order of their ARNs', () => {
    const stopped = ownTrail('b', { logging: false });
    const reader = ownTrail('a', basic({ ReadWriteType: 'ReadOnly' }));
    const check = judge([stopped, reader]);
    expect(check).toMatchObject({
      reason: `${arnOf('a')} records read events alone, no writes; logging of ${arnOf('b')} is stopped`,
    });
    expect(judge([reader, stopped])).toEqual(check);
  });

  test('of several that cover, the widest that is not ours is named first', () => {
    const single = ownTrail('one', { multiRegion: false }, region);
    const own = ownTrail('portcullis');
    expect(judge([own, single, ownTrail('all'), trail()])).toMatchObject({
      trailArn: organizationArn,
      kind: 'organization',
      also: [arnOf('all'), arnOf('one', region), ownArn],
    });
    expect(judge([own, single])).toMatchObject({ trailArn: arnOf('one', region), also: [ownArn] });
  });

  test('our own trail beside another that covers is a warning: it is charged and not needed', () => {
    expect(judge([ownTrail('portcullis'), trail()])).toMatchObject({
      warnings: [
        { cause: 'redundant', trailArn: ownArn, mend: expect.stringContaining('PORTCULLIS_TRAILS=report') },
      ],
    });
    expect(judge([ownTrail('portcullis')])).not.toHaveProperty('warnings');
  });

  test('one covering trail is enough, whatever could not be asked of another', () => {
    expect(judge([trail()], { unasked: ['AccessDenied: no'] })).toMatchObject({ covered: true });
  });

  test('without one, what could not be asked makes the answer unknown', () => {
    expect(judge([trail({ logging: false })], { unasked: ['AccessDenied: no'] })).toEqual({
      covered: 'unknown',
      reason: 'the trail check failed: AccessDenied: no',
    });
  });
});
