import { resolve } from 'node:path';
import { z } from 'zod';
import { PortcullisError } from './errors.ts';
import { waveSchema } from './rollout.ts';
import { secretsOf } from './secrets.ts';
import { hostSchema, tokensOf, tokensSchema } from './tokens.ts';

const accountId = z.string().regex(/^\d{12}$/, 'must be a 12-digit account id');
const list = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  )
  .refine((items) => items.length > 0, 'must name at least one');
const inRange = (form: RegExp, what: string, least: number, most: number) => {
  const error = `must be a ${what} from ${least} to ${most}`;
  const within = (value: number) => value >= least && value <= most;
  return z.string().regex(form, error).transform(Number).refine(within, { error, abort: true });
};
const whole = (least: number, most: number) => inRange(/^\d+$/, 'whole number', least, most);
const minutes = (least: number, most: number) => inRange(/^\d+(\.\d+)?$/, 'number of minutes', least, most);

/** The days that CloudWatch Logs can keep a log. Source: PutRetentionPolicy, CloudWatch Logs API reference. */
const retention = new Set([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]);

const role = z.string().regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'must be the ARN of a role');

const unit = z
  .string()
  .regex(
    /^(ou-[0-9a-z]+-[0-9a-z]+|r-[0-9a-z]+)$/,
    'must be ids of organizational units (ou-…) or the root (r-…)',
  );
const unitOrAccount = z.union([unit, accountId], 'must be ids of organizational units (ou-…) or accounts');

const onOrOff = z.enum(['on', 'off'], 'must be on or off').default('off');

const variables = z.object({
  PORTCULLIS_HUB_ACCOUNT: accountId,
  PORTCULLIS_HUB_REGION: z.string().min(1),
  PORTCULLIS_REGIONS: list.optional(),
  PORTCULLIS_LAYOUT: z.enum(['region', 'account']).default('region'),
  PORTCULLIS_ACCESS_ROLE: z
    .string()
    .regex(/^[\w+=,.@-]+$/, 'must be a role name')
    .default('OrganizationAccountAccessRole'),
  PORTCULLIS_EXTERNAL_ID: z
    .string()
    .regex(/^[\w+=,.@:/-]{2,1224}$/, 'must be 2 to 1,224 letters, digits or any of _+=,.@:/-')
    .optional(),
  PORTCULLIS_DEPLOYER_ROLE_ARN: role.optional(),
  PORTCULLIS_ORGANIZATIONS_ROLE_ARN: role.optional(),
  PORTCULLIS_TEMPLATE_URL: z
    .url({ protocol: /^https$/, error: 'must be the https:// address of the template in an S3 bucket' })
    .optional(),
  PORTCULLIS_CONTROL_TOWER_REGION: z.string().optional(),
  PORTCULLIS_POLICY: z.string().default('lambda/policy.yaml'),
  PORTCULLIS_SLACK_SECRET_ARN: z.string().startsWith('arn:', 'must be the ARN of a secret').optional(),
  PORTCULLIS_ALARM_TOPIC_ARN: z.string().startsWith('arn:', 'must be the ARN of a topic').optional(),
  PORTCULLIS_NOTIFICATION_TOPIC_ARN: z
    .string()
    .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/, 'must be the ARN of a standard SNS topic')
    .optional(),
  PORTCULLIS_SECURITY_HUB: onOrOff,
  PORTCULLIS_NARROWING: onOrOff,
  PORTCULLIS_TRAILS: z.enum(['report', 'create'], 'must be report or create').default('report'),
  PORTCULLIS_LOG_RETENTION_DAYS: whole(1, 3653)
    .refine((days) => retention.has(days), `must be one of ${[...retention].join(', ')}`)
    .default(90),
  PORTCULLIS_DATA: z.string().default('.portcullis'),
  PORTCULLIS_STATE: z
    .string()
    .regex(
      /^(file:\/\/.|s3:\/\/[^/]|postgres:\/\/|https:\/\/[^/])/,
      'must be file:///<directory>, s3://<bucket>, postgres://<address> or https://api.pulumi.com',
    )
    .optional(),
  PORTCULLIS_SECRETS_PROVIDER: z.string().default('passphrase'),
  PORTCULLIS_AWS_PLUGIN: z.string().optional(),
  PORTCULLIS_PARALLEL: whole(1, 25).default(4),
  PORTCULLIS_PARALLEL_FLEET: whole(1, 10_000).optional(),
  PORTCULLIS_PARALLEL_ACCOUNT: whole(1, 100).default(8),
  PORTCULLIS_PARALLEL_REGION: whole(1, 10_000).optional(),
  PORTCULLIS_WAVES: list.pipe(z.array(waveSchema)).optional(),
  PORTCULLIS_MAX_FAILURES: whole(0, 100_000).optional(),
  PORTCULLIS_MAX_FAILURE_PERCENT: whole(0, 100).default(25),
  PORTCULLIS_ORGANIZATIONAL_UNITS: list.pipe(z.array(unit)).optional(),
  PORTCULLIS_EXCLUDE: list.pipe(z.array(unitOrAccount)).default([]),
  PORTCULLIS_SHRINK_PERCENT: whole(0, 100).default(10),
  PORTCULLIS_DELETE_LIMIT: whole(0, 100_000).default(10),
  PORTCULLIS_SWEEP_MINUTES: whole(1, 1440).default(60),
  PORTCULLIS_CANARY: z.enum(['group', 'synthetic'], 'must be group or synthetic').default('group'),
  PORTCULLIS_VERIFY_HOURS: whole(0, 8760).default(24),
  PORTCULLIS_VERIFY_WAIT_MINUTES: minutes(0.1, 60).default(15),
  PORTCULLIS_VERIFY_PARALLEL: whole(1, 500).default(25),
  PORTCULLIS_HOST: z.string().default('127.0.0.1'),
  PORTCULLIS_PORT: whole(0, 65535).default(8420),
  PORTCULLIS_TOKENS: tokensSchema.optional(),
  PORTCULLIS_TOKENS_FILE: z.string().optional(),
  PORTCULLIS_ALLOWED_HOSTS: list.pipe(z.array(hostSchema)).default([]),
  PORTCULLIS_REQUESTS_PER_MINUTE: whole(1, 1_000_000).default(3_000),
  PORTCULLIS_URL: z.url().optional(),
  PORTCULLIS_TOKEN: z.string().optional(),
  DATABASE_URL: z.string().startsWith('postgres', 'must be a postgres:// address').optional(),
  PORTCULLIS_AUDIT_RETENTION_DAYS: whole(30, 36_500).optional(),
  PORTCULLIS_RUN_RETENTION_DAYS: whole(1, 36_500).default(90),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
  PULUMI_CONFIG_PASSPHRASE: z.string().optional(),
  PULUMI_CONFIG_PASSPHRASE_FILE: z.string().optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** The variables that a schema names. @throws PortcullisError naming the one that is wrong; empty is as unset. */
function parseVariables<Schema extends z.ZodType>(schema: Schema, environment: NodeJS.ProcessEnv) {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0]);
  const what = given[name] === undefined ? 'is missing' : issue?.message;
  throw new PortcullisError('invalid-environment', `${name} ${what}; set it (see README, "Settings")`);
}

/**
 * The settings of a control plane, read from environment variables (README lists them).
 * @throws PortcullisError `invalid-environment`, naming the variable and the mend.
 */
export function readSettings(environment: NodeJS.ProcessEnv = process.env) {
  const v = parseVariables(variables, environment);
  if (
    v.PORTCULLIS_SECRETS_PROVIDER === 'passphrase' &&
    !v.PULUMI_CONFIG_PASSPHRASE &&
    !v.PULUMI_CONFIG_PASSPHRASE_FILE
  ) {
    throw new PortcullisError(
      'invalid-environment',
      'PULUMI_CONFIG_PASSPHRASE is missing; set it, or PULUMI_CONFIG_PASSPHRASE_FILE, or PORTCULLIS_SECRETS_PROVIDER to a key such as awskms://alias/portcullis',
    );
  }
  const tokens = tokensOf(v);
  const data = resolve(v.PORTCULLIS_DATA);
  return {
    hub: { accountId: v.PORTCULLIS_HUB_ACCOUNT, region: v.PORTCULLIS_HUB_REGION },
    regions: v.PORTCULLIS_REGIONS,
    layout: v.PORTCULLIS_LAYOUT,
    accessRole: v.PORTCULLIS_ACCESS_ROLE,
    externalId: v.PORTCULLIS_EXTERNAL_ID,
    deployerRoleArn: v.PORTCULLIS_DEPLOYER_ROLE_ARN,
    organizationsRoleArn: v.PORTCULLIS_ORGANIZATIONS_ROLE_ARN,
    templateUrl: v.PORTCULLIS_TEMPLATE_URL,
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
    sweepMinutes: v.PORTCULLIS_SWEEP_MINUTES,
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
  };
}

/**
 * What the commands go by that read a policy file or ask a service that runs; they need no other setting.
 * @throws PortcullisError `invalid-environment`, naming the variable.
 */
export function readCommandSettings(environment: NodeJS.ProcessEnv = process.env) {
  const own = variables.pick({
    PORTCULLIS_POLICY: true,
    PORTCULLIS_DATA: true,
    PORTCULLIS_URL: true,
    PORTCULLIS_TOKEN: true,
  });
  const v = parseVariables(own, environment);
  return {
    policyFile: v.PORTCULLIS_POLICY,
    data: resolve(v.PORTCULLIS_DATA),
    url: v.PORTCULLIS_URL,
    token: v.PORTCULLIS_TOKEN,
  };
}

export type Settings = ReturnType<typeof readSettings>;

/** The environment of a command that this process runs: its own, and what is given besides. */
export const childEnvironment = (more: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
  ...process.env,
  ...more,
});
