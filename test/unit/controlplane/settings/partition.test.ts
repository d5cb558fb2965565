import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Aws, awsClients } from '../../../../controlplane/aws/clients.ts';
import { observeAccount } from '../../../../controlplane/reconcile/observe.ts';
import { organizationsRegion } from '../../../../controlplane/settings/partition.ts';

const partitions = [
  ['aws', 'us-east-1', 'ap-southeast-2'],
  ['aws-us-gov', 'us-gov-west-1', 'us-gov-east-1'],
  ['aws-cn', 'cn-northwest-1', 'cn-north-1'],
  ['aws-eusc', 'eusc-de-east-1', 'eusc-de-south-1'],
] as const;

describe.each(partitions)('in partition %s', (partition, where, other) => {
  let server: Server;
  beforeEach(async () => {
    const identity = `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111111111111</Account>
      <Arn>arn:${partition}:iam::111111111111:user/portcullis</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`;
    server = createServer((_, response) => response.end(identity));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  });

  test(`AWS Organizations is called in ${where}, wherever the hub is`, async () => {
    const hub = { accountId: '222222222222', region: other };
    const aws = awsClients({ hub, accessRole: 'Access' });
    const client = await aws.organizations();
    expect(await client.config.region()).toBe(where);
    expect(await aws.organizations()).toBe(client);
    expect(await aws.accessRoleArn('300000000001')).toBe(`arn:${partition}:iam::300000000001:role/Access`);
  });

  test(`the Regions of an account begin with ${where}, in any order of names`, async () => {
    const Regions = ['zz-last-1', other, where, 'aa-first-1'].map((RegionName) => ({ RegionName }));
    const aws = {
      caller: async () => ({ accountId: '111111111111', partition }),
      accessRoleArn: async () => undefined,
      ec2: async () => ({ send: async () => ({ Regions }) }) as unknown as EC2Client,
      cloudTrail: async () => ({ send: async () => ({ trailList: [] }) }) as unknown as CloudTrailClient,
    } as unknown as Aws;
    const hub = { accountId: '222222222222', region: other };
    const settings = { hub, accessRole: 'Access', regions: undefined };
    const account = { id: '300000000001', joinedAt: undefined } as Parameters<typeof observeAccount>[2];
    const survey = await observeAccount(aws, settings, account, 0);
    expect(survey.kind === 'found' && survey.account.regions.map(({ region }) => region)).toEqual([
      where,
      ...['aa-first-1', other, 'zz-last-1'].sort(),
    ]);
  });
});

test.each(['', 'aws-iso', 'aws-iso-b', 'toString'])(
  'partition "%s" is refused, naming those there are',
  (name) => {
    expect(() => organizationsRegion(name)).toThrow(
      expect.objectContaining({
        code: 'invalid-environment',
        message: expect.stringMatching(
          /is not one that Portcullis runs in.*aws, aws-us-gov, aws-cn, aws-eusc/,
        ),
      }),
    );
  },
);
