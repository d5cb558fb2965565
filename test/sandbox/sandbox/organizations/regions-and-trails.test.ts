import { Account } from '@aws-sdk/client-account';
import { CloudTrail } from '@aws-sdk/client-cloudtrail';
import { EC2 } from '@aws-sdk/client-ec2';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { Organizations } from '@aws-sdk/client-organizations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Assembly, assemble } from '../../../../sandbox/assembly.ts';
import { seed } from '../../../../sandbox/seed/organization.ts';
import { listen, refusal, until } from './event-listener.ts';

const management = '111111111111';
const optedIn = '300000000001';
const member = '300000000002';
const untrailed = '300000000006';
const far = 'af-south-1';

let parts: Assembly;
const root = (accountId: string, region = 'us-east-1') => ({
  endpoint: parts.endpoint,
  region,
  maxAttempts: 1,
  credentials: { accessKeyId: accountId, secretAccessKey: 'test' },
});
const trailsOf = (accountId: string, region?: string) => new CloudTrail(root(accountId, region));

beforeAll(async () => {
  parts = await assemble();
  await seed(parts.endpoint, parts.organization);
});
afterAll(() => parts.stop());

describe('Regions', () => {
  const names = async (accountId: string, input: object = {}) => {
    const answer = await new EC2(root(accountId)).describeRegions(input);
    return Object.fromEntries((answer.Regions ?? []).map((one) => [one.RegionName, one.OptInStatus]));
  };
  const standard = {
    'us-east-1': 'opt-in-not-required',
    'eu-west-1': 'opt-in-not-required',
    'eu-central-1': 'opt-in-not-required',
  };

  it('EC2 shows each account the Regions it has enabled, and all of them when asked', async () => {
    expect(await names(optedIn)).toEqual({ ...standard, [far]: 'opted-in' });
    expect(await names(member)).toEqual(standard);
    expect(await names(member, { AllRegions: true })).toEqual({ ...standard, [far]: 'not-opted-in' });
    const Filters = [{ Name: 'opt-in-status', Values: ['opted-in'] }];
    expect(await names(optedIn, { Filters })).toEqual({ [far]: 'opted-in' });
    expect(await names(optedIn, { RegionNames: ['eu-west-1'] })).toEqual({
      'eu-west-1': 'opt-in-not-required',
    });
    expect(await refusal(names(optedIn, { RegionNames: ['eu-north-1'] }))).toBe('InvalidParameterValue');
  });

  it('a call to a Region that the account has not enabled, or that does not exist, is refused', async () => {
    const vpcs = (id: string, region: string) => refusal(new EC2(root(id, region)).describeVpcs({}));
    expect(await vpcs(optedIn, far)).toBe('none');
    expect(await vpcs(member, far)).toBe('AuthFailure');
    expect(await vpcs(optedIn, 'eu-north-1')).toBe('AuthFailure');
    const rules = new EventBridge(root(member, far)).listRules({});
    expect(await refusal(rules)).toBe('UnrecognizedClientException');
  });

  it('opting in takes a while, is reported in events, and enables the Region; opting out disables it', async () => {
    const received = await listen({ root }, '300000000004', ['aws.account']);
    const client = new Account(root('300000000004'));
    parts.organization.world.delays.regionOptIn = 1500; // time to look at what lies between
    const RegionName = far;
    const status = async () => (await client.getRegionOptStatus({ RegionName })).RegionOptStatus;
    const usable = () => refusal(new EC2(root('300000000004', far)).describeVpcs({}));
    await client.enableRegion({ RegionName });
    expect(await status()).toBe('ENABLING');
    expect(await refusal(client.disableRegion({ RegionName }))).toBe('ConflictException');
    expect(await usable()).toBe('AuthFailure');
    await until(status, (now) => now === 'ENABLED');
    expect(await usable()).toBe('none');
    await received((event) => event.detail.status === 'ENABLING');
    const event = await received((one) => one.detail.status === 'ENABLED');
    expect(event).toMatchObject({
      'detail-type': 'Region Opt-In Status Change',
      source: 'aws.account',
      account: '300000000004',
      region: 'us-east-1',
      resources: ['arn:aws:account::300000000004:account'],
      detail: { accountId: '300000000004', regionName: far, status: 'ENABLED' },
    });
    await client.disableRegion({ RegionName });
    await until(status, (now) => now === 'DISABLED');
    expect(await usable()).toBe('AuthFailure');
    const standing = client.disableRegion({ RegionName: 'eu-west-1' });
    expect(await refusal(standing)).toBe('ValidationException');
  });

  it('the management account asks for a member; a member cannot ask for another', async () => {
    const ask = (caller: string, AccountId: string) =>
      new Account(root(caller)).listRegions({ AccountId, RegionOptStatusContains: ['ENABLED'] });
    expect((await ask(management, optedIn)).Regions).toEqual([
      { RegionName: far, RegionOptStatus: 'ENABLED' },
    ]);
    expect((await ask(management, member)).Regions).toEqual([]);
    expect(await refusal(ask(member, optedIn))).toBe('AccessDeniedException');
    expect(await refusal(ask(management, '999999999999'))).toBe('AccessDeniedException');
  });
});

describe('trails', () => {
  const seen = async (accountId: string, region = 'us-east-1', input: object = {}) =>
    (await trailsOf(accountId, region).describeTrails(input)).trailList ?? [];

  it('a member sees the organization trail in every Region, reads it and cannot change it', async () => {
    for (const region of ['us-east-1', 'eu-west-1']) {
      const [trail] = await seen(member, region);
      expect(trail).toMatchObject({
        IsOrganizationTrail: true,
        IsMultiRegionTrail: true,
        HomeRegion: 'us-east-1',
      });
    }
    expect(await seen(member, 'us-east-1', { includeShadowTrails: false })).toEqual([]);
    const Name = (await seen(member))[0]?.TrailARN;
    const client = trailsOf(member);
    const status = await client.getTrailStatus({ Name });
    expect(status.IsLogging).toBe(true);
    expect(status.StartLoggingTime).toBeInstanceOf(Date);
    const selectors = client.getEventSelectors({ TrailName: Name });
    expect(await refusal(selectors)).toBe('TrailNotFoundException');
    const owner = trailsOf(management);
    const { EventSelectors } = await owner.getEventSelectors({ TrailName: Name });
    expect(EventSelectors?.[0]).toMatchObject({ ReadWriteType: 'All', IncludeManagementEvents: true });
    expect(await refusal(client.stopLogging({ Name }))).toBe('TrailNotFoundException');
    expect(await parts.trails.covering(member, 'eu-west-1')).toEqual({ trailArn: Name });
  });

  it('without its service-linked role a member sees no organization trail; with it again, it does', async () => {
    expect(await seen(untrailed)).toEqual([]);
    const reason = { reason: expect.stringContaining('no role AWSServiceRoleForCloudTrail') };
    expect(await parts.trails.covering(untrailed, 'eu-west-1')).toEqual(reason);
    const iam = new IAM(root(untrailed));
    const made = await iam.createServiceLinkedRole({ AWSServiceName: 'cloudtrail.amazonaws.com' });
    expect(made.Role?.RoleName).toBe('AWSServiceRoleForCloudTrail');
    expect(await seen(untrailed)).toHaveLength(1);
    expect(await parts.trails.covering(untrailed, 'eu-west-1')).toHaveProperty('trailArn');
    await iam.deleteServiceLinkedRole({ RoleName: 'AWSServiceRoleForCloudTrail' });
    expect(await parts.trails.covering(untrailed, 'eu-west-1')).toEqual(reason);
  });

  it("an account's own trail covers its Region alone, and only while it logs", async () => {
    const client = trailsOf(untrailed, 'eu-west-1');
    const { TrailARN } = await client.createTrail({ Name: 'own', S3BucketName: 'logs' });
    const covering = () => parts.trails.covering(untrailed, 'eu-west-1');
    expect(await covering()).toEqual({ reason: expect.stringContaining('is not logging') });
    await client.startLogging({ Name: 'own' });
    expect(await covering()).toEqual({ trailArn: TrailARN });
    expect(await parts.trails.covering(untrailed, 'eu-central-1')).toHaveProperty('reason');
    await client.stopLogging({ Name: 'own' });
    expect(await covering()).toHaveProperty('reason');
  });

  it('only the management account makes an organization trail', async () => {
    const input = { Name: 'mine', S3BucketName: 'logs', IsOrganizationTrail: true };
    const code = (id: string) => refusal(trailsOf(id).createTrail(input));
    expect(await code(member)).toBe('NotOrganizationMasterAccountException');
    expect(await code('777777777777')).toBe('OrganizationsNotInUseException');
    expect((await seen(member)).map((trail) => trail.Name)).toEqual(['organization']);
  });

  it('while no trail logs in the management account, no Organizations event arrives', async () => {
    const received = await listen({ root }, management, ['aws.organizations']);
    const caller = new Organizations(root(management));
    const ParentId = (await caller.listRoots({})).Roots?.[0]?.Id;
    const unit = (Name: string) => caller.createOrganizationalUnit({ ParentId, Name });
    await trailsOf(management).stopLogging({ Name: 'organization' });
    await unit('unrecorded');
    await parts.organization.world.idle(); // its event arrives a moment later
    await trailsOf(management).startLogging({ Name: 'organization' });
    await unit('received');
    const first = await received((event) => event.detail.eventName === 'CreateOrganizationalUnit');
    expect(first.detail.requestParameters.name).toBe('received');
  });
});

it("Control Tower's event names the enrolled account and its organizational unit", async () => {
  const received = await listen({ root }, management, ['aws.controltower']);
  parts.organization.enrolInControlTower(management, member);
  const event = await received((one) => one.detail.eventName === 'CreateManagedAccount');
  expect(event['detail-type']).toBe('AWS Service Event via CloudTrail');
  expect(event.detail.serviceEventDetails.createManagedAccountStatus).toMatchObject({
    account: { accountId: member, accountName: 'payments' },
    organizationalUnit: { organizationalUnitName: 'Production' },
    state: 'SUCCEEDED',
  });
});
