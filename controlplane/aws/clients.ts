import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { SecurityHubClient } from '@aws-sdk/client-securityhub';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { Settings } from '../settings/environment.ts';
import { organizationsRegion, partitionOf } from '../settings/partition.ts';
import { renewing, roleChains } from './credentials.ts';
import { latest } from './latest.ts';
import { type AccessSettings, rolesInto, trustedPrincipal } from './roles.ts';
import { type CalledIn, type OnThrottle, type Plugin, shared, throttle } from './throttle.ts';

/** The identity of the control plane. */
export interface Caller {
  readonly accountId: string;
  readonly partition: string;
}

/** Creates every AWS client of the control plane. Credentials of other accounts are assumed and refreshed. */
export interface Aws {
  caller(): Promise<Caller>;
  /** The last role of the chain into the account; undefined when own credentials are used. */
  accessRoleArn(accountId: string): Promise<string | undefined>;
  /** The principal that access roles must trust. */
  trusted(): Promise<string>;
  organizations(): Promise<OrganizationsClient>;
  /** EC2 with own credentials, in a Region that is enabled in every account, because the hub Region may deny them. */
  ownRegions(): EC2Client;
  ec2(accountId: string, region: string): Promise<EC2Client>;
  cloudTrail(accountId: string, region: string): Promise<CloudTrailClient>;
  sqs(accountId: string, region: string): Promise<SQSClient>;
  dynamodb(accountId: string, region: string): Promise<DynamoDBClient>;
  eventBridge(accountId: string, region: string): Promise<EventBridgeClient>;
  sns(accountId: string, region: string): Promise<SNSClient>;
  lambda(accountId: string, region: string): Promise<LambdaClient>;
  iam(accountId: string, region: string): Promise<IAMClient>;
  securityHub(accountId: string, region: string): Promise<SecurityHubClient>;
  /** Sets how many workers share the organization's quotas, including this one. */
  share(workers: number): void;
}

/**
 * The SDK's adaptive mode would limit each client separately; the quotas are shared between clients. With a limiter that
 * all clients share it serves EC2 as well as the token buckets. AWS Organizations needs the table of quotas and their
 * share for each worker, and one mechanism is simpler than two.
 */
const retries = { maxAttempts: 6, retryMode: 'standard' } as const;

/** Timeouts allow for a receive from a queue, which waits up to twenty seconds. */
const connections = (isPatient: boolean) => ({
  requestHandler: {
    connectionTimeout: 5_000,
    requestTimeout: isPatient ? 40_000 : 15_000,
    throwOnRequestTimeout: true,
  },
});

/**
 * Least recently used clients above this number are dropped and created again when needed. A sweep has a client for each
 * cell: those that are kept for longer than the cell is read are garbage that only a full collection finds.
 */
const keptClients = 64;

type Resolved = EC2Client['config'];

/**
 * What all clients have in common. The first client of a kind resolves it, from the environment and the shared
 * configuration file; the others take it from there. None of it is an identity: each client has its own credentials.
 */
function clientOptions() {
  const first = new Map<boolean, ReturnType<typeof commonOf>>();
  return {
    common: (name: string) => first.get(name === 'sqs') ?? connections(name === 'sqs'),
    equip<T extends Client>(name: string, client: T, plugins: readonly Plugin[]): T {
      for (const plugin of plugins) client.middlewareStack.use(plugin);
      // The SDK formats each answer for its logger, also where no logger is set.
      client.middlewareStack.remove('loggerMiddleware');
      // Of the first alone: a client wraps what it is given, so that a chain of them would grow without end.
      if (!first.has(name === 'sqs')) first.set(name === 'sqs', commonOf(client.config as Resolved));
      return client;
    },
  };
}

const commonOf = ({
  requestHandler,
  useFipsEndpoint,
  useDualstackEndpoint,
  userAgentAppId,
  authSchemePreference,
  defaultsMode,
}: Resolved) => ({
  ...{ requestHandler, useFipsEndpoint, useDualstackEndpoint, userAgentAppId },
  ...{ authSchemePreference, defaultsMode },
});

/** The caller's identity, requested once; failures are not cached. */
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
interface Client {
  readonly config: object;
  readonly middlewareStack: { use(plugin: Plugin): void; remove(name: string): boolean };
}

/** Creates clients with the credentials at the end of a role chain; recent ones are cached. */
function clientMaker(
  settings: Pick<Settings, 'hub'> & AccessSettings,
  options: { readonly onThrottle?: OnThrottle | undefined },
) {
  const quotas = throttle(options.onThrottle);
  const { common, equip } = clientOptions();
  const kept = latest<unknown>(keptClients);
  const client = <T extends Client>(
    name: string,
    roles: readonly string[],
    at: CalledIn,
    make: (given: Given) => T,
  ): T => {
    const makeEquipped = () => {
      const credentials = credentialsOf(roles);
      const given = {
        region: at.region,
        ...retries,
        ...common(name),
        ...(credentials && { credentials: credentials.provide }),
      };
      return equip(name, make(given), [renewing(() => credentials?.forget()), quotas.plugin(at)]);
    };
    // The roles are a part of the key: a client is never found for other credentials than its own.
    return kept([name, at.accountId, at.region, ...roles].join(' '), makeEquipped) as T;
  };
  const own = { accountId: 'own', region: settings.hub.region };
  const sts = (roles: readonly string[]) => client('sts', roles, own, (given) => new STSClient(given));
  const credentialsOf = roleChains(settings.externalId, sts);
  return { client, sts, share: quotas.share };
}

/** Makes no call. Every later call respects the quotas in docs/quotas.md. */
export function awsClients(
  settings: Pick<Settings, 'hub'> & AccessSettings,
  options: { readonly onThrottle?: OnThrottle | undefined } = {},
): Aws {
  const { client, sts, share } = clientMaker(settings, options);
  const identity = ownIdentity(() => sts([]));
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
    // The Region's endpoint, as for other services, instead of the host in the queue's URL.
    sqs: inAccount('sqs', (given) => new SQSClient({ ...given, useQueueUrlAsEndpoint: false })),
    eventBridge: inAccount('eventbridge', (given) => new EventBridgeClient(given)),
    sns: inAccount('sns', (given) => new SNSClient(given)),
    lambda: inAccount('lambda', (given) => new LambdaClient(given)),
    iam: inAccount('iam', (given) => new IAMClient(given)),
    securityHub: inAccount('securityhub', (given) => new SecurityHubClient(given)),
    dynamodb: inAccount('dynamodb', (given) => new DynamoDBClient(given)),
    share,
  };
}
