import { describe, expect, test } from 'vitest';
import { checkTrails } from '../../../../controlplane/trails/observe.ts';
import { all, arnOf, cloudTrail, member, organizationArn } from '../../../worlds/trail-sample.ts';

/** The 17 Regions that are enabled in every account. */
const seventeen = Array.from({ length: 17 }, (_, index) => (index === 0 ? 'us-east-1' : `region-${index}`));
const organization = {
  TrailARN: organizationArn,
  HomeRegion: 'us-east-1',
  IsOrganizationTrail: true,
  IsMultiRegionTrail: true,
};
const answers = {
  DescribeTrailsCommand: (): unknown => ({ trailList: [organization] }),
  GetTrailStatusCommand: (): unknown => ({ IsLogging: true, LatestDeliveryError: '' }),
  GetEventSelectorsCommand: (): unknown => ({ EventSelectors: [all] }),
};
const refuse = () => {
  throw new Error('AccessDenied: no');
};
const failed = { covered: 'unknown', reason: 'the trail check failed: AccessDenied: no' };

describe('the trail check of an account', () => {
  test('an organization trail covers a member in every Region', async () => {
    const { clientIn } = cloudTrail(answers);
    expect(await checkTrails(member, seventeen, clientIn)).toEqual(
      seventeen.map((region) => ({
        region,
        trail: { covered: true, trailArn: organizationArn, kind: 'organization' },
      })),
    );
  });

  test('asks each Region for its trails and a multi-Region trail once: 19 calls for 17 Regions, not 51', async () => {
    const { calls, clientIn } = cloudTrail(answers);
    await checkTrails(member, seventeen, clientIn);
    expect(calls).toHaveLength(19);
    expect(calls.filter((call) => !call.startsWith('DescribeTrails')).sort()).toEqual([
      'GetEventSelectors us-east-1',
      'GetTrailStatus us-east-1',
    ]);
  });

  test('asks a trail whose home Region the account does not show where it is shown', async () => {
    const { calls, clientIn } = cloudTrail(answers);
    await checkTrails(member, ['eu-west-1', 'eu-central-1'], clientIn);
    expect(calls).toContain('GetTrailStatus eu-west-1');
    expect(calls).toHaveLength(4);
  });

  test('asks once more elsewhere where the home Region refuses', async () => {
    const GetTrailStatusCommand = (_: unknown, region: string) =>
      region === 'us-east-1' ? refuse() : { IsLogging: true };
    const { clientIn } = cloudTrail({ ...answers, GetTrailStatusCommand });
    const checks = await checkTrails(member, ['us-east-1', 'eu-west-1'], clientIn);
    expect(checks.map(({ trail }) => trail.covered)).toEqual([true, true]);
  });

  test('a call refused is unknown, not uncovered', async () => {
    const { clientIn } = cloudTrail({ ...answers, GetTrailStatusCommand: refuse });
    expect(await checkTrails(member, ['us-east-1'], clientIn)).toEqual([
      { region: 'us-east-1', trail: failed },
    ]);
  });

  test('a Region that refuses is unknown, and the others are reported', async () => {
    const DescribeTrailsCommand = (_: unknown, region: string) =>
      region === 'eu-west-1' ? refuse() : answers.DescribeTrailsCommand();
    const { clientIn } = cloudTrail({ ...answers, DescribeTrailsCommand });
    const checks = await checkTrails(member, ['us-east-1', 'eu-west-1'], clientIn);
    expect(checks.map(({ trail }) => trail)).toEqual([expect.objectContaining({ covered: true }), failed]);
  });

  test('a single-Region trail is the reason in the Regions that it does not cover', async () => {
    const arn = arnOf('one', 'eu-west-1');
    const DescribeTrailsCommand = (_: unknown, region: string) => ({
      trailList: region === 'eu-west-1' ? [{ TrailARN: arn, HomeRegion: 'eu-west-1' }] : [],
    });
    const { clientIn } = cloudTrail({ ...answers, DescribeTrailsCommand });
    expect(await checkTrails(member, ['us-east-1', 'eu-west-1'], clientIn)).toMatchObject([
      { trail: { covered: false, problems: [{ cause: 'elsewhere', trailArn: arn }] } },
      { trail: { covered: true, kind: 'single-Region', trailArn: arn } },
    ]);
  });

  test('delivery errors are warnings', async () => {
    const GetTrailStatusCommand = () => ({ IsLogging: true, LatestDeliveryError: 'NoSuchBucket' });
    const { clientIn } = cloudTrail({ ...answers, GetTrailStatusCommand });
    expect(await checkTrails(member, ['us-east-1'], clientIn)).toMatchObject([
      { trail: { covered: true, warnings: [{ cause: 'log-delivery' }] } },
    ]);
  });

  test('a trail without selectors of its own is not asked for them', async () => {
    const trailList = [{ ...organization, HasCustomEventSelectors: false }];
    const { calls, clientIn } = cloudTrail({
      ...answers,
      DescribeTrailsCommand: () => ({ trailList }),
      GetEventSelectorsCommand: refuse,
    });
    expect(await checkTrails(member, ['us-east-1'], clientIn)).toMatchObject([{ trail: { covered: true } }]);
    expect(calls).toEqual(['DescribeTrails us-east-1', 'GetTrailStatus us-east-1']);
  });

  test('a status that is known to be stopped counts, where the selectors are refused', async () => {
    const { clientIn } = cloudTrail({
      ...answers,
      GetTrailStatusCommand: () => ({ IsLogging: false }),
      GetEventSelectorsCommand: refuse,
    });
    expect(await checkTrails(member, ['us-east-1'], clientIn)).toMatchObject([
      { trail: { covered: false, problems: [{ cause: 'stopped' }] } },
    ]);
  });

  test('selectors that are known to leave out writes count, where the status is refused', async () => {
    const { clientIn } = cloudTrail({
      ...answers,
      GetTrailStatusCommand: refuse,
      GetEventSelectorsCommand: () => ({ EventSelectors: [{ ...all, ReadWriteType: 'ReadOnly' }] }),
    });
    expect(await checkTrails(member, ['us-east-1'], clientIn)).toMatchObject([
      { trail: { covered: false, problems: [{ cause: 'reads-only' }] } },
    ]);
  });

  test('a refusal about one trail leaves what another one covers', async () => {
    const second = { ...organization, TrailARN: arnOf('second'), IsOrganizationTrail: false };
    const { clientIn } = cloudTrail({
      ...answers,
      DescribeTrailsCommand: () => ({ trailList: [organization, second] }),
      GetEventSelectorsCommand: ({ TrailName }) =>
        TrailName === organizationArn ? refuse() : { EventSelectors: [all] },
    });
    expect(await checkTrails(member, ['us-east-1'], clientIn)).toMatchObject([
      { trail: { covered: true, trailArn: arnOf('second') } },
    ]);
  });

  test('no Region is no call', async () => {
    const { calls, clientIn } = cloudTrail(answers);
    expect(await checkTrails(member, [], clientIn)).toEqual([]);
    expect(calls).toEqual([]);
  });
});
