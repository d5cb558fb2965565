import type { AssumeRole, Configuration } from './configuration.ts';

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}
interface ClientConfiguration {
  region: string;
  credentials: () => Promise<Credentials>;
  maxAttempts?: number;
  retryMode?: 'standard' | 'adaptive';
}

/** Each client's code is evaluated when first needed: the provider starts once per CLI process. */
const load = {
  cloudtrail: async (c: ClientConfiguration) =>
    new (await import('@aws-sdk/client-cloudtrail')).CloudTrail(c),
  cloudwatch: async (c: ClientConfiguration) =>
    new (await import('@aws-sdk/client-cloudwatch')).CloudWatch(c),
  dynamodb: async (c: ClientConfiguration) => new (await import('@aws-sdk/client-dynamodb')).DynamoDB(c),
  events: async (c: ClientConfiguration) => new (await import('@aws-sdk/client-eventbridge')).EventBridge(c),
  iam: async (c: ClientConfiguration) => new (await import('@aws-sdk/client-iam')).IAM(c),
  lambda: async (c: ClientConfiguration) => new (await import('@aws-sdk/client-lambda')).Lambda(c),
  logs: async (c: ClientConfiguration) =>
    new (await import('@aws-sdk/client-cloudwatch-logs')).CloudWatchLogs(c),
  s3: async (c: ClientConfiguration) => new (await import('@aws-sdk/client-s3')).S3(c),
  sqs: async (c: ClientConfiguration) =>
    new (await import('@aws-sdk/client-sqs')).SQS({ ...c, useQueueUrlAsEndpoint: false }),
  sts: async (c: ClientConfiguration) => new (await import('@aws-sdk/client-sts')).STS(c),
};
type Clients = { [Service in keyof typeof load]: () => ReturnType<(typeof load)[Service]> };

/** The clients of one Region. */
export type Aws = Clients & { region: string };

/** The clients for a Region, with the configured role's credentials, made once each. */
export type InRegion = (region?: string) => Aws;

/** Clients for the configuration; the endpoint is the SDK's business (`AWS_ENDPOINT_URL`). */
export function awsClients(configuration: Configuration): InRegion {
  const credentials = chain(configuration);
  const regions = new Map<string, Aws>();
  return (region = configuration.region) => {
    const known = regions.get(region) ?? clientsOf(configuration, region, credentials);
    regions.set(region, known);
    return known;
  };
}

function clientsOf(
  configuration: Configuration,
  region: string,
  credentials: () => Promise<Credentials>,
): Aws {
  const options: ClientConfiguration = { region, credentials };
  if (configuration.maxRetries !== undefined) options.maxAttempts = configuration.maxRetries + 1;
  if (configuration.retryMode !== undefined) options.retryMode = configuration.retryMode;
  const made = new Map<string, Promise<unknown>>();
  const once = ([service, make]: [string, (c: ClientConfiguration) => Promise<unknown>]) => [
    service,
    () => {
      const client = made.get(service) ?? make(options);
      made.set(service, client);
      return client;
    },
  ];
  return { ...(Object.fromEntries(Object.entries(load).map(once)) as Clients), region };
}

/** The credentials at the end of the chain of roles, kept until five minutes before they expire. */
function chain(configuration: Configuration): () => Promise<Credentials> {
  let credentials = environment;
  for (const role of configuration.assumeRoles) {
    credentials = remembered(assume(role, configuration.region, credentials));
  }
  return credentials;
}

async function environment(): Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new Error('no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment');
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}),
  };
}

function assume(role: AssumeRole, region: string, credentials: () => Promise<Credentials>) {
  return async (): Promise<Credentials> => {
    const sts = await load.sts({ region, credentials });
    const answer = await sts
      .assumeRole({
        RoleArn: role.roleArn,
        RoleSessionName: role.sessionName ?? 'pulumi',
        ExternalId: role.externalId,
      })
      .finally(() => sts.destroy());
    const given = answer.Credentials;
    if (!given?.AccessKeyId || !given.SecretAccessKey || !given.SessionToken || !given.Expiration) {
      throw new Error(`assuming ${role.roleArn} gave no credentials`);
    }
    return {
      accessKeyId: given.AccessKeyId,
      secretAccessKey: given.SecretAccessKey,
      sessionToken: given.SessionToken,
      expiration: given.Expiration,
    };
  };
}

function remembered(get: () => Promise<Credentials>): () => Promise<Credentials> {
  let held: Promise<Credentials> | undefined;
  let fresh = 0;
  return async () => {
    if (held && Date.now() < fresh) return held;
    fresh = Number.POSITIVE_INFINITY; // until the answer says otherwise
    held = get();
    try {
      const credentials = await held;
      fresh = (credentials.expiration?.getTime() ?? 0) - 300_000;
      return credentials;
    } catch (error) {
      fresh = 0;
      throw error;
    }
  };
}

/**
 * The official plugin's sentence where STS does not know the caller, also in a Region that the caller's account has
 * not enabled. Its text names neither Region nor code (source: provider/errors/invalid_credentials.txt of pulumi-aws).
 */
function asTheOfficialPlugin(error: unknown): never {
  if (!(error instanceof Error) || error.name !== 'InvalidClientTokenId') throw error;
  throw new Error('The configured AWS credentials are invalid or have expired.', { cause: error });
}

/**
 * Makes sure that the credentials are of an account the configuration permits.
 * @throws when AWS refuses them, or when the account is not permitted.
 */
export async function validate(configuration: Configuration, inRegion: InRegion): Promise<void> {
  const { allowedAccountIds, forbiddenAccountIds, skipCredentialsValidation } = configuration;
  const restricted = allowedAccountIds.length + forbiddenAccountIds.length > 0;
  if (skipCredentialsValidation && !restricted) return;
  const sts = await inRegion().sts();
  const { Account: account = '' } = await sts.getCallerIdentity({}).catch(asTheOfficialPlugin);
  if (allowedAccountIds.length > 0 && !allowedAccountIds.includes(account)) {
    throw new Error(
      `credentials are of account ${account}, and allowedAccountIds has only ${allowedAccountIds.join(', ')}`,
    );
  }
  if (forbiddenAccountIds.includes(account)) {
    throw new Error(`credentials are of account ${account}, which is in forbiddenAccountIds`);
  }
}
