import { z } from 'zod';

const accountId = z.string().regex(/^\d{12}$/, 'must be a 12-digit account id');

/**
 * Where a stack is deployed, and the role that deploys it (none: the caller's own credentials). The role is assumed
 * through the deployer role when there is one, with the external id that the trust policies require.
 */
const place = z.strictObject({
  partition: z.string(),
  accountId,
  region: z.string(),
  accessRoleArn: z.string().optional(),
  deployerRoleArn: z.string().optional(),
  externalId: z.string().optional(),
});

const hubLocation = z.strictObject({ partition: z.string(), accountId, region: z.string() });

/** What a setting gives everything that is made: the permissions boundary of the roles, and tags. */
const permissionsBoundary = z.string().optional();
const tags = z.record(z.string(), z.string()).optional();

/** The remediation Lambda's code: a zip archive, and its SHA-256 in hex. */
const bundle = z.strictObject({ file: z.string(), sha256: z.string() });

export const hubArguments = z.strictObject({
  kind: z.literal('hub'),
  place,
  organizationId: z.string(),
  installationId: z.string().optional(),
  bundle,
  slackSecretArn: z.string().optional(),
  alarmTopicArn: z.string().optional(),
  /** The topic for findings and remediations. */
  notificationTopicArn: z.string().optional(),
  /** Whether findings are imported into AWS Security Hub. */
  securityHub: z.boolean(),
  logRetentionDays: z.int(),
  permissionsBoundary,
  tags,
});

/** The trail that Portcullis creates in an account: its home Region, and how many days its log files are kept. */
const ownTrail = z.strictObject({ region: z.string(), retentionDays: z.int() });

/** One Region of an account, and whether it forwards lifecycle events as well. */
const cell = z.strictObject({ region: z.string(), lifecycle: z.boolean() });

export const accountArguments = z.strictObject({
  kind: z.literal('account'),
  place,
  hub: hubLocation,
  organizationId: z.string(),
  /** Whether the hub may allow listed ranges instead of a source that it revokes. */
  narrowing: z.boolean(),
  /** Whether the hub may import findings into the account's AWS Security Hub. */
  securityHub: z.boolean(),
  /** The result of the trail check: which trail covers each Region of the account, or why none does. */
  trails: z.record(z.string(), z.string()),
  /** With `PORTCULLIS_TRAILS=create`, when nothing else covers the account. */
  trail: ownTrail.optional(),
  /** The forwarding rules of `layout: account`; empty in `layout: region`. */
  cells: z.array(cell),
  permissionsBoundary,
  tags,
});

export const regionArguments = z.strictObject({
  kind: z.literal('region'),
  place,
  hub: hubLocation,
  cell,
  tags,
});

/** The arguments of one stack's program, stored in its stack configuration under `portcullis:arguments`. */
export const stackArguments = z.discriminatedUnion('kind', [hubArguments, accountArguments, regionArguments]);

/** A bundle's hash as Lambda writes it. */
export const codeSha256 = ({ sha256 }: { readonly sha256: string }): string =>
  Buffer.from(sha256, 'hex').toString('base64');

export type Place = z.infer<typeof place>;
export type OwnTrail = z.infer<typeof ownTrail>;
export type Cell = z.infer<typeof cell>;
export type HubArguments = z.infer<typeof hubArguments>;
export type AccountArguments = z.infer<typeof accountArguments>;
export type RegionArguments = z.infer<typeof regionArguments>;
export type StackArguments = z.infer<typeof stackArguments>;
