import { describe, expect, test } from 'vitest';
import type { Aws } from '../../../../controlplane/aws/clients.ts';
import { checkTrails } from '../../../../controlplane/trails/observe.ts';
import { trailOwner } from '../../../../controlplane/trails/owner.ts';
import { all, cloudTrail, member, organizationArn } from '../../../worlds/trail-sample.ts';

const trail = {
  TrailARN: organizationArn,
  HomeRegion: 'us-east-1',
  IsOrganizationTrail: true,
  IsMultiRegionTrail: true,
  HasCustomEventSelectors: true,
};
const refuse = (): never => {
  throw new Error('TrailNotFoundException: Unknown trail');
};
/** A member that may not read the selectors, as AWS may have it. */
const fromMember = {
  DescribeTrailsCommand: () => ({ trailList: [trail] }),
  GetTrailStatusCommand: (): unknown => ({ IsLogging: true }),
  GetEventSelectorsCommand: refuse,
};

function scene(ofOwner: Parameters<typeof cloudTrail>[0], change: Partial<typeof fromMember> = {}) {
  const owned = cloudTrail(ofOwner);
  const askedAccounts: string[] = [];
  const cloudTrailOf = (accountId: string, region: string) => {
    askedAccounts.push(accountId);
    return owned.clientIn(region);
  };
  const listed = { at: new Date(0) };
  const owner = trailOwner({ aws: { cloudTrail: cloudTrailOf } as unknown as Aws }, async () => listed.at);
  const { clientIn } = cloudTrail({ ...fromMember, ...change });
  const check = async (id = member) => {
    const [found] = await checkTrails(id, ['us-east-1'], clientIn, owner);
    return found?.trail;
  };
  return { check, askedAccounts, calls: owned.calls, listed };
}

const whole = { GetEventSelectorsCommand: () => ({ EventSelectors: [all] }) };

describe('an organization trail with selectors of its own', () => {
  test('is asked for them in the account that owns it, where members are refused', async () => {
    const { check, askedAccounts, calls } = scene(whole);
    expect(await check()).toMatchObject({ covered: true, trailArn: organizationArn });
    expect(askedAccounts).toEqual(['111111111111']);
    expect(calls).toEqual(['GetEventSelectors us-east-1']);
  });

  test('is asked once for all members of a listing, and again after the next one', async () => {
    const { check, calls, listed } = scene(whole);
    await Promise.all([check('300000000001'), check('300000000002'), check('300000000003')]);
    expect(calls).toHaveLength(1);
    listed.at = new Date(1);
    await check();
    expect(calls).toHaveLength(2);
  });

  test('its exclusion of writes is found there', async () => {
    const { check } = scene({
      GetEventSelectorsCommand: () => ({ EventSelectors: [{ ...all, IncludeManagementEvents: false }] }),
    });
    expect(await check()).toMatchObject({ covered: false, problems: [{ cause: 'no-management-events' }] });
  });

  test('is unknown with both refusals where neither account answers', async () => {
    const denied = (): never => {
      throw new Error('AccessDenied: no role');
    };
    const { check } = scene({ GetEventSelectorsCommand: denied });
    expect(await check()).toEqual({
      covered: 'unknown',
      reason: 'the trail check failed: AccessDenied: no role; TrailNotFoundException: Unknown trail',
    });
  });

  test('its status is asked there too, where the member is refused', async () => {
    const { check, calls } = scene(
      { ...whole, GetTrailStatusCommand: () => ({ IsLogging: false }) },
      { GetTrailStatusCommand: refuse },
    );
    expect(await check()).toMatchObject({ covered: false, problems: [{ cause: 'stopped' }] });
    expect(calls.toSorted()).toEqual(['GetEventSelectors us-east-1', 'GetTrailStatus us-east-1']);
  });
});
