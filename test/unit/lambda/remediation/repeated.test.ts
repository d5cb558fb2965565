import { describe, expect, it } from 'vitest';
import { placeInStorm } from '../../../../lambda/notify/slack/storm.ts';
import { decide } from '../../../../lambda/remediation/escalation.ts';
import type { Violation } from '../../../../lambda/remediation/evaluation.ts';
import { awsError, createWorld, openRule } from '../../../worlds/lambda.ts';
import { policyOf, publicIngress } from '../../../worlds/policy-sample.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('a closing that would be silent', () => {
  const policy = policyOf([publicIngress]);

  /** The same ingress was closed three times, and people were notified of each. */
  async function closedThrice() {
    const world = createWorld({ policy });
    for (const nth of [1, 2, 3]) await world.reopen(nth);
    expect(world.slack.posts).toHaveLength(3);
    return world;
  }
  /** The rule of the event is sgr-…1, and its source is a list that cannot be read. */
  const unread = openRule(1, { CidrIpv4: undefined, PrefixListId: 'pl-0a1b2c3d4e5f60001' });

  it('has a message when a rule of its event is undecided', async () => {
    const world = await closedThrice();
    await world.reopen(4, [openRule(4), unread]);
    const [, , , last] = world.published;
    expect(last).toMatchObject({
      outcome: 'remediated',
      undecided: [{ ruleId: unread.SecurityGroupRuleId }],
    });
    expect(last?.repeated).toBeUndefined();
    expect(world.slack.posts).toHaveLength(4);
    expect(world.slack.posts[3]).toContain('not evaluated');
  });

  it('has a message when the reading after the revoke failed', async () => {
    const world = await closedThrice();
    let revoked = false;
    world.before.set('revokeIngress', () => {
      revoked = true;
    });
    world.before.set('describeRules', () => {
      if (revoked) throw awsError('UnauthorizedOperation', 403);
    });
    await expect(world.reopen(4)).rejects.toThrow();
    expect(world.published[3]).toMatchObject({
      outcome: 'remediated',
      findings: [{ error: expect.any(String) }],
    });
    expect(world.published[3]?.repeated).toBeUndefined();
  });

  it('is announced again when the message of the third closing was folded', async () => {
    const world = createWorld({ policy });
    for (const nth of [1, 2, 3, 4, 5]) {
      if (nth === 3)
        for (let other = 0; other < 20; other += 1)
          await placeInStorm(world.ledger, false, new Date(world.time));
      if (nth === 4) world.time += minute;
      await world.reopen(nth);
    }
    const reported = world.published.map(({ repeated, notification: { slack } }) => [slack.status, repeated]);
    expect(reported.slice(2)).toEqual([
      ['folded', undefined],
      ['sent', undefined],
      ['not-needed', true],
    ]);
  });
});

describe('ingress that recurs without an event', () => {
  const {
    rules: [policyRule],
  } = policyOf([publicIngress]);
  const policy = policyOf([publicIngress], 'escalation: { times: 50, withinMinutes: 1440 }');
  const violation = { mode: 'revoke', policyRule } as Violation;
  const now = new Date('2026-03-02T09:15:10Z');
  const decided = (announcedBefore: number) => {
    const at = now.getTime();
    const known = { escalated: false, seenAt: at - hour, closesAt: at - hour, announcedBy: 'event' };
    return decide(
      policy,
      violation,
      { times: 10, known: { ...known, announcedAt: at - announcedBefore } },
      { eventId: 'tick', eventTime: null, scheduled: true, now },
    );
  };

  it('and that the schedule closes is announced once for each further day', () => {
    expect(decided(23 * hour)).toMatchObject({ escalated: false, announced: true });
    expect(decided(25 * hour)).toMatchObject({ escalated: false, announced: false });
  });
});
