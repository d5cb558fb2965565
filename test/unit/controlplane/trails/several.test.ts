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
const evaluate = (trails: ObservedTrail[], more: { elsewhere?: ObservedTrail[]; unread?: string[] } = {}) =>
  evaluateTrails({ accountId: member, region, trails, ...more });

const basic = (change: Partial<EventSelector>) => ({ eventSelectors: [{ ...all, ...change }] });

describe('the trails of one account and Region', () => {
  test.each<[string, ObservedTrail, string]>([
    ['organization', trail(), organizationArn],
    ['multi-Region', ownTrail('all'), arnOf('all')],
    ['single-Region', ownTrail('one', { multiRegion: false }, region), arnOf('one', region)],
  ])('a covering %s trail is named with its kind', (kind, one, trailArn) => {
    expect(evaluate([one])).toEqual({ covered: true, trailArn, kind });
  });

  test('no trail covers nothing, and it says what to make', () => {
    expect(evaluate([])).toEqual({
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
      message: `${arn} records only its own Region`,
      mend: `as account ${member}: aws cloudtrail update-trail --name ${arn} --is-multi-region-trail --region us-west-2`,
    };
    expect(evaluate([], { elsewhere: [elsewhere] })).toMatchObject({ covered: false, problems: [problem] });
    expect(evaluate([elsewhere])).toMatchObject({ covered: false, problems: [problem] });
  });

  test('a stopped organization trail is started by the account that owns it, in its home Region', () => {
    expect(evaluate([trail({ logging: false })])).toMatchObject({
      problems: [
        {
          mend: `as account 111111111111: aws cloudtrail start-logging --name ${organizationArn} --region us-east-1`,
        },
      ],
    });
  });

  test('a reconcile fixes every problem of the trail that Portcullis created', () => {
    expect(evaluate([ownTrail('portcullis', { logging: false })])).toMatchObject({
      problems: [{ cause: 'stopped', mend: `portcullis reconcile --account ${member}` }],
    });
  });

  test('every trail that does not cover gives its reason, in the order of their ARNs', () => {
    const stopped = ownTrail('b', { logging: false });
    const reader = ownTrail('a', basic({ ReadWriteType: 'ReadOnly' }));
    const check = evaluate([stopped, reader]);
    expect(check).toMatchObject({
      reason: `${arnOf('a')} records only read events, no writes; logging of ${arnOf('b')} is stopped`,
    });
    expect(evaluate([reader, stopped])).toEqual(check);
  });

  test('of several that cover, the widest that is not ours is named first', () => {
    const single = ownTrail('one', { multiRegion: false }, region);
    const own = ownTrail('portcullis');
    expect(evaluate([own, single, ownTrail('all'), trail()])).toMatchObject({
      trailArn: organizationArn,
      kind: 'organization',
      also: [arnOf('all'), arnOf('one', region), ownArn],
    });
    expect(evaluate([own, single])).toMatchObject({ trailArn: arnOf('one', region), also: [ownArn] });
  });

  test('our own trail beside another that covers is a warning: it is charged and not needed', () => {
    expect(evaluate([ownTrail('portcullis'), trail()])).toMatchObject({
      warnings: [
        { cause: 'redundant', trailArn: ownArn, mend: expect.stringContaining('PORTCULLIS_TRAILS=report') },
      ],
    });
    expect(evaluate([ownTrail('portcullis')])).not.toHaveProperty('warnings');
  });

  test('one covering trail is enough when another cannot be read', () => {
    expect(evaluate([trail()], { unread: ['AccessDenied: no'] })).toMatchObject({ covered: true });
  });

  test('without one, what could not be asked makes the answer unknown', () => {
    expect(evaluate([trail({ logging: false })], { unread: ['AccessDenied: no'] })).toEqual({
      covered: 'unknown',
      reason: 'the trail check failed: AccessDenied: no',
    });
  });
});
