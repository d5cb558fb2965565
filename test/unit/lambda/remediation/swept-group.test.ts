import { describe, expect, it } from 'vitest';
import { sweepEvent, sweepEventSchema } from '../../../../lambda/contract/sweep.ts';
import { afterEvent, groupId, openRule } from '../../../worlds/lambda.ts';
import { policyOf, publicIngress } from '../../../worlds/policy-sample.ts';

const sweepId = '0b9b2a4e-58a5-4a0a-9a56-3c1f2d4e5f60';
const handed = sweepEvent({ account: '300000000001', region: 'eu-west-1' }, { sweepId, groupId });
const remediating = policyOf([publicIngress], 'sweepAction: remediate');

describe('a group that a sweep hands over', () => {
  it('is revoked, recorded and reported as by an event, with an id of the sweep and the group', async () => {
    const world = await afterEvent(handed, { policy: remediating });
    expect(world.ruleIds()).toEqual([]);
    expect(world.published).toMatchObject([
      {
        ...{ eventId: `${sweepId}.${groupId}`, account: '300000000001', region: 'eu-west-1', groupId },
        ...{ outcome: 'remediated', eventName: null, findings: [{ action: 'revoked' }] },
        notification: { slack: { status: 'sent' } },
      },
    ]);
  });

  it('stays as it is when it is handed over again', async () => {
    const world = await afterEvent(handed, { policy: remediating });
    world.groups.set(groupId, [openRule(2, { CidrIpv4: '10.0.0.0/8' })]);
    await world.handler(handed);
    expect(world.ruleIds()).toEqual(['sgr-00000000000000002']);
    expect(new Set(world.published.map(({ eventId }) => eventId)).size).toBe(1);
  });

  it.each([
    ['says report', policyOf([publicIngress], 'sweepAction: report')],
    ['says nothing', policyOf([publicIngress])],
  ])('is left alone where the policy %s, and the result says so', async (_, policy) => {
    const world = await afterEvent(handed, { policy });
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.published).toMatchObject([
      { outcome: 'ignored', reason: expect.stringContaining('sweepAction is not remediate') },
    ]);
  });

  it('is handled by the mode of its rule, as by an event', async () => {
    const world = await afterEvent(handed, {
      policy: policyOf([publicIngress], 'sweepAction: remediate\nmode: observe'),
    });
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.published).toMatchObject([{ outcome: 'observed' }]);
  });

  it.each([
    [{ ...handed, account: '3' }],
    [{ ...handed, region: 'not a region' }],
    [{ ...handed, detail: { sweepId, groupId: 'sg-' } }],
    [{ ...handed, detail: { sweepId: 'x', groupId } }],
  ])('that cannot be read is reported as undecided, and nothing is done', async (event) => {
    const world = await afterEvent(event, { policy: remediating });
    expect(world.ruleIds()).toHaveLength(1);
    expect(world.published).toMatchObject([
      { outcome: 'undecided', reason: expect.stringContaining('read') },
    ]);
  });

  it('has an id that names a role session', () => {
    expect(sweepEventSchema.parse(handed).id).toMatch(/^[\w.-]{2,64}$/);
  });
});
