import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import { mistakesError, unknownVariables, wrongValues } from './mistakes.ts';
import { variables } from './schema.ts';
import { secretsOf } from './secrets.ts';
import { isServiceLink } from './service-links.ts';
import { readTokensFile } from './tokens.ts';

/** What is set, without the empty values and what Kubernetes made for a Service. */
function givenIn(environment: NodeJS.ProcessEnv) {
  const set = Object.entries(environment).filter((entry): entry is [string, string] => !!entry[1]);
  const links = set.filter(([name, value]) => isServiceLink(name, value)).map(([name]) => name);
  return { given: Object.fromEntries(set.filter(([name]) => !links.includes(name))), links };
}

/**
 * The variables of a schema that is all of `variables` or a part of it. Empty counts as not set.
 * @throws PortcullisError `invalid-environment` with all mistakes: wrong values, unknown names, and what `check` finds.
 */
function parseVariables<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  given: Readonly<Record<string, string>>,
  check: (given: Readonly<Record<string, string>>) => string[] = () => [],
) {
  const parsed = schema.safeParse(given);
  const wrong = parsed.success ? [] : wrongValues(variables.shape, given, parsed.error);
  const mistakes = [...wrong, ...check(given), ...unknownVariables(Object.keys(variables.shape), given)];
  if (parsed.success && mistakes.length === 0) return parsed.data;
  throw mistakesError(mistakes);
}

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

/** What several variables have to be together. */
function checkTogether(given: Readonly<Record<string, string>>): string[] {
  const mistakes: string[] = [];
  const { PORTCULLIS_SECRETS_PROVIDER: provider = 'passphrase', PORTCULLIS_HOST: host = '127.0.0.1' } = given;
  if (provider === 'passphrase' && !given.PULUMI_CONFIG_PASSPHRASE && !given.PULUMI_CONFIG_PASSPHRASE_FILE)
    mistakes.push(
      'PULUMI_CONFIG_PASSPHRASE is missing; set it, or PULUMI_CONFIG_PASSPHRASE_FILE, or PORTCULLIS_SECRETS_PROVIDER to a key such as awskms://alias/portcullis',
    );
  if (given.PORTCULLIS_TOKENS && given.PORTCULLIS_TOKENS_FILE)
    mistakes.push('PORTCULLIS_TOKENS and PORTCULLIS_TOKENS_FILE are both set; keep one of them');
  if (!given.PORTCULLIS_TOKENS && !given.PORTCULLIS_TOKENS_FILE && !loopback.has(host))
    mistakes.push(
      `PORTCULLIS_TOKENS is missing; without a token the service listens on loopback only, not on ${host}`,
    );
  return mistakes;
}

/**
 * The settings of a control plane, read from environment variables (docs/settings.md lists them).
 * @throws PortcullisError `invalid-environment` with every mistake: the variable, what was read, and the fix.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env) {
  const { given, links } = givenIn(environment);
  const { PORTCULLIS_TOKENS_FILE: tokensFile } = given;
  const filed = tokensFile ? readTokensFile(tokensFile) : { tokens: [], mistakes: [] };
  const v = parseVariables(variables, given, (all) => [...checkTogether(all), ...filed.mistakes]);
  const data = resolve(v.PORTCULLIS_DATA);
  // None where neither variable is set, which is for loopback alone.
  const tokens = v.PORTCULLIS_TOKENS ?? filed.tokens;
  return {
    hub: { accountId: v.PORTCULLIS_HUB_ACCOUNT, region: v.PORTCULLIS_HUB_REGION },
    regions: v.PORTCULLIS_REGIONS,
    layout: v.PORTCULLIS_LAYOUT,
    accessRole: v.PORTCULLIS_ACCESS_ROLE,
    externalId: v.PORTCULLIS_EXTERNAL_ID,
    deployerRoleArn: v.PORTCULLIS_DEPLOYER_ROLE_ARN,
    organizationsRoleArn: v.PORTCULLIS_ORGANIZATIONS_ROLE_ARN,
    templateUrl: v.PORTCULLIS_TEMPLATE_URL,
    permissionsBoundary: v.PORTCULLIS_PERMISSIONS_BOUNDARY,
    tags: v.PORTCULLIS_TAGS,
    controlTowerRegion: v.PORTCULLIS_CONTROL_TOWER_REGION,
    policyFile: resolve(v.PORTCULLIS_POLICY),
    slackSecretArn: v.PORTCULLIS_SLACK_SECRET_ARN,
    alarmTopicArn: v.PORTCULLIS_ALARM_TOPIC_ARN,
    notificationTopicArn: v.PORTCULLIS_NOTIFICATION_TOPIC_ARN,
    securityHub: v.PORTCULLIS_SECURITY_HUB === 'on',
    narrowing: v.PORTCULLIS_NARROWING === 'on',
    trails: v.PORTCULLIS_TRAILS,
    logRetentionDays: v.PORTCULLIS_LOG_RETENTION_DAYS,
    data,
    state: v.PORTCULLIS_STATE ?? `file://${data}/state`,
    secretsProvider: v.PORTCULLIS_SECRETS_PROVIDER,
    awsPlugin: v.PORTCULLIS_AWS_PLUGIN,
    parallel: v.PORTCULLIS_PARALLEL,
    /** How many stacks may be worked on at once: over all workers, in one account, in one Region. */
    limits: {
      fleet: v.PORTCULLIS_PARALLEL_FLEET,
      account: v.PORTCULLIS_PARALLEL_ACCOUNT,
      region: v.PORTCULLIS_PARALLEL_REGION,
    },
    /** How onboarding and new releases are rolled out. */
    rollout: {
      ...(v.PORTCULLIS_WAVES && { waves: v.PORTCULLIS_WAVES }),
      ...(v.PORTCULLIS_MAX_FAILURES !== undefined && { maxFailures: v.PORTCULLIS_MAX_FAILURES }),
      maxFailurePercent: v.PORTCULLIS_MAX_FAILURE_PERCENT,
    },
    organizationalUnits: v.PORTCULLIS_ORGANIZATIONAL_UNITS,
    exclude: v.PORTCULLIS_EXCLUDE,
    shrinkPercent: v.PORTCULLIS_SHRINK_PERCENT,
    deleteLimit: v.PORTCULLIS_DELETE_LIMIT,
    resyncMinutes: v.PORTCULLIS_RESYNC_MINUTES,
    sweepHours: v.PORTCULLIS_SWEEP_HOURS,
    sweepParallel: v.PORTCULLIS_SWEEP_PARALLEL,
    canary: v.PORTCULLIS_CANARY,
    verifyHours: v.PORTCULLIS_VERIFY_HOURS,
    verifyWaitMinutes: v.PORTCULLIS_VERIFY_WAIT_MINUTES,
    verifyParallel: v.PORTCULLIS_VERIFY_PARALLEL,
    host: v.PORTCULLIS_HOST,
    port: v.PORTCULLIS_PORT,
    /** Host names that requests may carry beside loopback names and addresses. */
    allowedHosts: v.PORTCULLIS_ALLOWED_HOSTS,
    /** Of one token. */
    requestsPerMinute: v.PORTCULLIS_REQUESTS_PER_MINUTE,
    tokens,
    url: v.PORTCULLIS_URL,
    token: v.PORTCULLIS_TOKEN,
    databaseUrl: v.DATABASE_URL,
    auditRetentionDays: v.PORTCULLIS_AUDIT_RETENTION_DAYS,
    runRetentionDays: v.PORTCULLIS_RUN_RETENTION_DAYS,
    secrets: secretsOf({ ...v, tokens }),
    logLevel: v.LOG_LEVEL,
    /** Variables that Kubernetes made for a Service, and that are not read. */
    serviceLinks: links,
  };
}

/**
 * The settings of commands that read a policy file or call a service that runs; they need no other.
 * @throws PortcullisError `invalid-environment` with every mistake in them, and every unknown name.
 */
export function readCommandSettings(environment: NodeJS.ProcessEnv = process.env) {
  const own = variables.pick({
    PORTCULLIS_POLICY: true,
    PORTCULLIS_DATA: true,
    PORTCULLIS_URL: true,
    PORTCULLIS_TOKEN: true,
  });
  const v = parseVariables(own, givenIn(environment).given);
  return {
    policyFile: v.PORTCULLIS_POLICY,
    data: resolve(v.PORTCULLIS_DATA),
    url: v.PORTCULLIS_URL,
    token: v.PORTCULLIS_TOKEN,
  };
}

/** The policy that is shipped. */
const shippedPolicy = fileURLToPath(new URL('../../lambda/policy.yaml', import.meta.url));

/**
 * The settings of a sweep without a service: only how accounts are entered, and the policy.
 * @throws PortcullisError `invalid-environment` with every mistake in them, and every unknown name.
 */
export function readSweepSettings(environment: NodeJS.ProcessEnv = process.env) {
  const own = variables.pick({
    PORTCULLIS_ACCESS_ROLE: true,
    PORTCULLIS_EXTERNAL_ID: true,
    PORTCULLIS_DEPLOYER_ROLE_ARN: true,
    PORTCULLIS_ORGANIZATIONS_ROLE_ARN: true,
    PORTCULLIS_POLICY: true,
    AWS_REGION: true,
  });
  const { given } = givenIn(environment);
  const v = parseVariables(own, given);
  return {
    accessRole: v.PORTCULLIS_ACCESS_ROLE,
    externalId: v.PORTCULLIS_EXTERNAL_ID,
    deployerRoleArn: v.PORTCULLIS_DEPLOYER_ROLE_ARN,
    organizationsRoleArn: v.PORTCULLIS_ORGANIZATIONS_ROLE_ARN,
    policyFile: given.PORTCULLIS_POLICY ? resolve(v.PORTCULLIS_POLICY) : shippedPolicy,
    /** Where the credentials are signed in. */
    region: v.AWS_REGION,
  };
}

export type SweepSettings = ReturnType<typeof readSweepSettings>;

export type Settings = ReturnType<typeof readSettings>;

/** What npm has for an option, as it hands it to the programs that it runs; undefined if it has nothing. */
export const npmOption = (name: string): string | undefined =>
  process.env[`npm_config_${name.replaceAll('-', '_')}`] || undefined;

/** npm's configuration files of the project, the user and the machine, as npm names them to the programs that it runs. */
export const npmFiles = (): string[] => {
  const {
    npm_config_local_prefix: project,
    npm_config_userconfig: user,
    npm_config_globalconfig: machine,
  } = process.env;
  return [project && resolve(project, '.npmrc'), user, machine].filter((file) => file !== undefined);
};

/** Whether a failure may show its stack trace. */
export const isDebugging = () => ['debug', 'trace'].includes(process.env.LOG_LEVEL ?? '');

/** The environment of a command that this process runs: its own, and `more`. */
export const childEnvironment = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...process.env,
  ...more,
});
