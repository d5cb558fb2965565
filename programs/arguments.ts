import { z } from 'zod';

const accountId = z.string().regex(/^\d{12}$/, 'must be a 12-digit account id');

/** Where a stack lives, and the role through which the control plane reaches it (none in its own account). */
const place = z.strictObject({
  partition: z.string(),
  accountId,
  region: z.string(),
  accessRoleArn: z.string().optional(),
});

const hubLocation = z.strictObject({ partition: z.string(), accountId, region: z.string() });

export const hubArguments = z.strictObject({
  kind: z.literal('hub'),
  place,
  organizationId: z.string(),
  bundle: z.strictObject({ file: z.string(), sha256: z.string() }),
  slackSecretArn: z.string().optional(),
  alarmTopicArn: z.string().optional(),
  /** Where people subscribe to what was found and done. */
  notificationTopicArn: z.string().optional(),
  /** Whether findings are imported into AWS Security Hub. */
  securityHub: z.boolean(),
  logRetentionDays: z.int(),
});

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
export type Cell = z.infer<typeof cell>;
export type HubArguments = z.infer<typeof hubArguments>;
export type AccountArguments = z.infer<typeof accountArguments>;
export type RegionArguments = z.infer<typeof regionArguments>;
export type StackArguments = z.infer<typeof stackArguments>;
