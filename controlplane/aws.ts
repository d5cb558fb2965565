import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { EC2Client } from '@aws-sdk/client-ec2';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { roleArn } from '../programs/names.ts';
import type { Settings } from './environment.ts';
import { organizationsRegion } from './partition.ts';

/** The identity that the control plane runs as. */
export interface Caller {
  readonly accountId: string;
  readonly partition: string;
}

/** Makes every AWS client of the control plane; credentials of other accounts are assumed and refreshed. */
export interface Aws {
  caller(): Promise<Caller>;
  /** The role to assume to act in the account, or none for the caller's own account. */
  accessRoleArn(accountId: string): Promise<string | undefined>;
  organizations(): Promise<OrganizationsClient>;
  ec2(accountId: string, region: string): Promise<EC2Client>;
  cloudTrail(accountId: string, region: string): Promise<CloudTrailClient>;
  sqs(accountId: string, region: string): Promise<SQSClient>;
}

const retries = { maxAttempts: 6, retryMode: 'adaptive' } as const;

/** The one factory of AWS clients. Making it calls nothing; clients are kept for the life of the process. */
export function awsClients(settings: Pick<Settings, 'hub' | 'accessRole'>): Aws {
  const home = settings.hub.region;
  const kept = new Map<string, unknown>();
  const keep = <T>(key: string, make: () => T): T => {
    if (!kept.has(key)) kept.set(key, make());
    return kept.get(key) as T;
  };
  const caller = (): Promise<Caller> =>
    keep('caller', async () => {
      try {
        const sts = new STSClient({ region: home, ...retries });
        const identity = await sts.send(new GetCallerIdentityCommand({}));
        return { accountId: identity.Account ?? '', partition: (identity.Arn ?? '').split(':')[1] ?? 'aws' };
      } catch (error) {
        kept.delete('caller');
        throw error;
      }
    });
  const accessRoleArn = async (accountId: string): Promise<string | undefined> => {
    const self = await caller();
    return self.accountId === accountId
      ? undefined
      : roleArn({ partition: self.partition, accountId }, settings.accessRole);
  };
  const configuration = async (accountId: string, region: string) => {
    const role = await accessRoleArn(accountId);
    if (!role) return { region, ...retries };
    const credentials = keep(`credentials ${accountId}`, () =>
      fromTemporaryCredentials({
        params: { RoleArn: role, RoleSessionName: 'portcullis' },
        clientConfig: { region: home },
      }),
    );
    return { region, credentials, ...retries };
  };
  const client =
    <T>(name: string, make: (configuration: { region: string }) => T) =>
    async (accountId: string, region: string): Promise<T> => {
      const given = await configuration(accountId, region);
      return keep(`${name} ${accountId} ${region}`, () => make(given));
    };
  return {
    caller,
    accessRoleArn,
    organizations: async () => {
      const region = organizationsRegion((await caller()).partition);
      return keep('organizations', () => new OrganizationsClient({ region, ...retries }));
    },
    ec2: client('ec2', (given) => new EC2Client(given)),
    cloudTrail: client('cloudtrail', (given) => new CloudTrailClient(given)),
    // The Region's own endpoint, as for every other service, rather than the host that a queue's URL happens to name.
    sqs: client('sqs', (given) => new SQSClient({ ...given, useQueueUrlAsEndpoint: false })),
  };
}
