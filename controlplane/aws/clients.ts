import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Settings } from '../settings/environment.ts';
import { organizationsRegion, partitionOf } from '../settings/partition.ts';
import { renewing, roleChains } from './credentials.ts';
import { type AccessSettings, rolesInto, trustedPrincipal } from './roles.ts';
import { type OnThrottle, type Plugin, shared, throttle } from './throttle.ts';

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
  /**
   * EC2 with the own credentials, in a Region that no account lacks. It asks nothing of the hub Region, which may refuse
   * the own credentials.
   */
  ownRegions(): EC2Client;
  ec2(accountId: string, region: string): Promise<EC2Client>;
  cloudTrail(accountId: string, region: string): Promise<CloudTrailClient>;
  sqs(accountId: string, region: string): Promise<SQSClient>;
  dynamodb(accountId: string, region: string): Promise<DynamoDBClient>;
  eventBridge(accountId: string, region: string): Promise<EventBridgeClient>;
  sns(accountId: string, region: string): Promise<SNSClient>;
  lambda(accountId: string, region: string): Promise<LambdaClient>;
  /** Told how many workers share the organization's quotas, this one included. */
  share(workers: number): void;
}

/** The SDK's own adaptive mode would limit each client by itself; quotas are limited where they are shared. */
const retries = { maxAttempts: 6, retryMode: 'standard' } as const;

/** How long a call may take; one that receives from a queue waits for twenty seconds by itself. */
const connections = (name: string) => ({
  requestHandler: {
    connectionTimeout: 5_000,
    requestTimeout: name === 'sqs' ? 40_000 : 15_000,
    throwOnRequestTimeout: true,
  },
});

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

/** Gives a client its plugins, and every later client of its kind the connections of the first. */
function clientOptions() {
  type Handler = EC2Client['config']['requestHandler'];
  const first = new Map<boolean, { requestHandler: Handler }>();
  const isPatient = (name: string) => name === 'sqs';
  return {
    connections: (name: string) => first.get(isPatient(name)) ?? connections(name),
    equip<T extends { config: EC2Client['config'] | object; middlewareStack: { use(plugin: Plugin): void } }>(
      name: string,
      client: T,
      plugins: readonly Plugin[],
    ): T {
      for (const plugin of plugins) client.middlewareStack.use(plugin);
      const { requestHandler } = client.config as EC2Client['config'];
      first.set(isPatient(name), { requestHandler });
      return client;
    },
  };
}

/** Whom the own credentials belong to; asked once, and again where that failed. */
function ownIdentity(makeClient: () => STSClient) {
  let asked: Promise<Caller & { readonly arn: string }> | undefined;
  const ask = async () => {
    const { Account = '', Arn = '' } = await makeClient().send(new GetCallerIdentityCommand({}));
    return { accountId: Account, partition: Arn.split(':')[1] ?? 'aws', arn: Arn };
  };
  return () => {
    asked ??= shared(ask).catch((error) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}

interface Given {
  readonly region: string;
}
type Client = Parameters<ReturnType<typeof clientOptions>['equip']>[1];

/** Makes clients with the credentials at the end of a chain of roles; the latest are kept. */
function clientMaker(
  settings: Pick<Settings, 'hub'> & AccessSettings,
  options: { readonly onThrottle?: OnThrottle | undefined },
) {
  const home = settings.hub.region;
  const quotas = throttle(options);
  const { connections: connected, equip } = clientOptions();
  const chain = roleChains({
    externalId: settings.externalId,
    clientConfig: { region: home, ...retries, ...connections('sts') },
    clientPlugins: [quotas.plugin({ accountId: 'own', region: home })],
  });
  const kept = latest<unknown>(keptClients);
  const client = <T extends Client>(
    name: string,
    roles: readonly string[],
    at: { readonly accountId: string; readonly region: string },
    make: (given: Given) => T,
  ): T => {
    const makeEquipped = () => {
      const credentials = chain(roles);
      const given = {
        region: at.region,
        ...retries,
        ...connected(name),
        ...(credentials && { credentials: credentials.provide }),
      };
      return equip(name, make(given), [renewing(() => credentials?.forget()), quotas.plugin(at)]);
    };
    return kept(`${name} ${at.accountId} ${at.region}`, makeEquipped) as T;
  };
  return { client, share: quotas.share };
}

/** The one factory of AWS clients. Making it calls nothing. Every call keeps to the quotas in docs/quotas.md. */
export function awsClients(
  settings: Pick<Settings, 'hub'> & AccessSettings,
  options: { readonly onThrottle?: OnThrottle | undefined } = {},
): Aws {
  const { client, share } = clientMaker(settings, options);
  const own = { accountId: 'own', region: settings.hub.region };
  const identity = ownIdentity(() => client('sts', [], own, (given) => new STSClient(given)));
  const caller = async (): Promise<Caller> => {
    const { accountId, partition } = await identity();
    return { accountId, partition };
  };
  const inAccount =
    <T extends Client>(name: string, make: (given: Given) => T) =>
    async (accountId: string, region: string): Promise<T> =>
      client(name, rolesInto(accountId, await caller(), settings), { accountId, region }, make);

  return {
    caller,
    accessRoleArn: async (accountId) => rolesInto(accountId, await caller(), settings).at(-1),
    trusted: async () => trustedPrincipal((await identity()).arn, settings),
    organizations: async () => {
      const region = organizationsRegion((await caller()).partition);
      const roles = settings.organizationsRoleArn ? [settings.organizationsRoleArn] : [];
      return client('organizations', roles, { accountId: 'own', region }, (g) => new OrganizationsClient(g));
    },
    ownRegions: () => {
      const region = organizationsRegion(partitionOf(settings.hub.region));
      return client('ec2', [], { accountId: 'own', region }, (given) => new EC2Client(given));
    },
    ec2: inAccount('ec2', (given) => new EC2Client(given)),
    cloudTrail: inAccount('cloudtrail', (given) => new CloudTrailClient(given)),
    // The Region's own endpoint, as for every other service, rather than the host that a queue's URL happens to name.
    sqs: inAccount('sqs', (given) => new SQSClient({ ...given, useQueueUrlAsEndpoint: false })),
    eventBridge: inAccount('eventbridge', (given) => new EventBridgeClient(given)),
    sns: inAccount('sns', (given) => new SNSClient(given)),
    lambda: inAccount('lambda', (given) => new LambdaClient(given)),
    dynamodb: inAccount('dynamodb', (given) => new DynamoDBClient(given)),
    share,
  };
}
