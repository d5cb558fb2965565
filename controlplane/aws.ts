import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type AccessSettings, rolesInto, trustedPrincipal } from './access.ts';
import { renewing, roleChains } from './aws/credentials.ts';
import { type OnThrottle, type Plugin, throttle } from './aws/throttle.ts';
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
  /** The role that acts in the account, the last of the chain into it; none where own credentials do. */
  accessRoleArn(accountId: string): Promise<string | undefined>;
  /** The principal that an account's access role has to trust. */
  trusted(): Promise<string>;
  organizations(): Promise<OrganizationsClient>;
  ec2(accountId: string, region: string): Promise<EC2Client>;
  cloudTrail(accountId: string, region: string): Promise<CloudTrailClient>;
  sqs(accountId: string, region: string): Promise<SQSClient>;
  eventBridge(accountId: string, region: string): Promise<EventBridgeClient>;
  sns(accountId: string, region: string): Promise<SNSClient>;
  s3(accountId: string, region: string): Promise<S3Client>;
  /** Told how many workers share the organization's quotas, this one included. */
  share(workers: number): void;
}

/** The SDK's own adaptive mode would limit each client by itself; quotas are limited where they are shared. */
const retries = { maxAttempts: 6, retryMode: 'standard' } as const;

/** Longer than a receive from a queue waits. */
const connections = {
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 40_000, throwOnRequestTimeout: true },
};

/** Clients kept at most; the one used longest ago goes, and is made anew when needed. */
const keptClients = 512;

/** The latest so many, made when first asked for. */
function latest<T>(most: number) {
  const kept = new Map<string, T>();
  return (key: string, make: () => T): T => {
    const found = kept.get(key) ?? make();
    kept.delete(key);
    kept.set(key, found);
    const [oldest] = kept.keys();
    if (kept.size > most && oldest !== undefined) kept.delete(oldest);
    return found;
  };
}

/** Gives a client its plugins, and every later client the connections of the first. */
function equipment() {
  let shared: { requestHandler: EC2Client['config']['requestHandler'] } | undefined;
  return {
    connections: () => shared ?? connections,
    equip<T extends { config: EC2Client['config'] | object; middlewareStack: { use(plugin: Plugin): void } }>(
      client: T,
      plugins: readonly Plugin[],
    ): T {
      for (const plugin of plugins) client.middlewareStack.use(plugin);
      const { requestHandler } = client.config as EC2Client['config'];
      shared ??= { requestHandler };
      return client;
    },
  };
}

/** The one factory of AWS clients. Making it calls nothing. Every call keeps to the quotas in docs/quotas.md. */
export function awsClients(
  settings: Pick<Settings, 'hub'> & AccessSettings,
  options: { readonly onThrottle?: OnThrottle | undefined } = {},
): Aws {
  const home = settings.hub.region;
  const quotas = throttle(options);
  const { connections: connected, equip } = equipment();
  const own = { accountId: 'own', region: home };
  const chain = roleChains({
    externalId: settings.externalId,
    clientConfig: { region: home, ...retries, ...connections },
    clientPlugins: [quotas.plugin(own)],
  });
  const kept = latest<unknown>(keptClients);
  const keep = <T>(key: string, make: () => T): T => kept(key, make) as T;

  let identity: Promise<Caller & { arn: string }> | undefined;
  const identify = async () => {
    const sts = new STSClient({ region: home, ...retries, ...connected() });
    equip(sts, [renewing(() => undefined), quotas.plugin(own)]);
    const { Account = '', Arn = '' } = await sts.send(new GetCallerIdentityCommand({}));
    return { accountId: Account, partition: Arn.split(':')[1] ?? 'aws', arn: Arn };
  };
  const known = () => {
    identity ??= identify().catch((error) => {
      identity = undefined;
      throw error;
    });
    return identity;
  };
  const caller = async (): Promise<Caller> => {
    const { accountId, partition } = await known();
    return { accountId, partition };
  };

  interface Given {
    readonly region: string;
  }
  /** A client with the credentials at the end of a chain of roles. */
  const client = <T extends Parameters<typeof equip>[0]>(
    name: string,
    roles: readonly string[],
    at: { accountId: string; region: string },
    make: (given: Given) => T,
  ): T =>
    keep(`${name} ${at.accountId} ${at.region}`, () => {
      const credentials = chain(roles);
      const given = {
        region: at.region,
        ...retries,
        ...connected(),
        ...(credentials && { credentials: credentials.provide }),
      };
      const plugins = [renewing(() => credentials?.forget()), quotas.plugin(at)];
      return equip(make(given), plugins);
    });
  const inAccount =
    <T extends Parameters<typeof equip>[0]>(name: string, make: (given: Given) => T) =>
    async (accountId: string, region: string): Promise<T> =>
      client(name, rolesInto(accountId, await caller(), settings), { accountId, region }, make);

  return {
    caller,
    accessRoleArn: async (accountId) => rolesInto(accountId, await caller(), settings).at(-1),
    trusted: async () => trustedPrincipal((await known()).arn, settings),
    organizations: async () => {
      const region = organizationsRegion((await caller()).partition);
      const roles = settings.organizationsRoleArn ? [settings.organizationsRoleArn] : [];
      return client('organizations', roles, { accountId: 'own', region }, (g) => new OrganizationsClient(g));
    },
    ec2: inAccount('ec2', (given) => new EC2Client(given)),
    cloudTrail: inAccount('cloudtrail', (given) => new CloudTrailClient(given)),
    // The Region's own endpoint, as for every other service, rather than the host that a queue's URL happens to name.
    sqs: inAccount('sqs', (given) => new SQSClient({ ...given, useQueueUrlAsEndpoint: false })),
    eventBridge: inAccount('eventbridge', (given) => new EventBridgeClient(given)),
    sns: inAccount('sns', (given) => new SNSClient(given)),
    s3: inAccount('s3', (given) => new S3Client(given)),
    share: quotas.share,
  };
}
