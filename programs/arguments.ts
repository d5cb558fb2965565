import { z } from 'zod';

const accountId = z.string().regex(/^\d{12}$/, 'must be a 12-digit account id');

/**
 * Where a stack lives, and the role that acts there (none where the caller's own credentials do): assumed through the
 * deployer role where there is one, with the external id that the roles' trust asks for.
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

export const hubArguments = z.strictObject({
  kind: z.literal('hub'),
  place,
  organizationId: z.string(),
  /** The control plane that the hub belongs to, as a tag of the org bus. */
  installationId: z.string().optional(),
  bundle: z.strictObject({ file: z.string(), sha256: z.string() }),
  slackSecretArn: z.string().optional(),
  alarmTopicArn: z.string().optional(),
  /** Where people subscribe to what was found and done. */
  notificationTopicArn: z.string().optional(),
  /** Whether findings are imported into AWS Security Hub. */
  securityHub: z.boolean(),
  logRetentionDays: z.int(),
});

/** The trail that Portcullis makes in an account: its home Region, and how many days its log files are kept. */
const ownTrail = z.strictObject({ region: z.string(), retentionDays: z.int() });

/** One Region's part of an account: whether it forwards lifecycle events as well. */
const cell = z.strictObject({ region: z.string(), lifecycle: z.boolean() });

export const accountArguments = z.strictObject({
  kind: z.literal('account'),
  place,
  hub: hubLocation,
  organizationId: z.string(),
  /** Whether the hub may let listed ranges in, in place of what it revokes. */
  narrowing: z.boolean(),
  /** Whether the hub may import findings into the account's AWS Security Hub. */
  securityHub: z.boolean(),
  /** Which trail covers each Region of the account, or why none does: the trail check's result. */
  trails: z.record(z.string(), z.string()),
  /** With `PORTCULLIS_TRAILS=create`, where nothing else covered the account. */
  trail: ownTrail.optional(),
  /** The forwarding rules of `layout: account`; empty in `layout: region`. */
  cells: z.array(cell),
});

export const regionArguments = z.strictObject({
  kind: z.literal('region'),
  place,
  hub: hubLocation,
  cell,
});

/** The arguments of one stack's program, as kept in its stack configuration under `portcullis:arguments`. */
export const stackArguments = z.discriminatedUnion('kind', [hubArguments, accountArguments, regionArguments]);

export type Place = z.infer<typeof place>;
export type OwnTrail = z.infer<typeof ownTrail>;
export type Cell = z.infer<typeof cell>;
export type HubArguments = z.infer<typeof hubArguments>;
export type AccountArguments = z.infer<typeof accountArguments>;
export type RegionArguments = z.infer<typeof regionArguments>;
export type StackArguments = z.infer<typeof stackArguments>;
