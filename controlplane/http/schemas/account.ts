import { z } from 'zod';
import type { TrailCause, TrailCheck, TrailProblem, TrailWarning } from '../../stacks/trail-check.ts';
import type { AccountRecord } from '../../store/accounts.ts';
import type { StackRecord } from '../../store/stacks.ts';
import { conditionsSchema } from './condition.ts';
import { account, type Json, type SchemaOf, textOrNull, time, timeOrNull, word } from './json.ts';
import { pageFields } from './page.ts';

const problem = z.object({
  cause: word<TrailCause>(),
  trailArn: z.string().optional(),
  message: z.string(),
  mend: z.string().describe('The action that fixes it'),
}) satisfies SchemaOf<TrailProblem>;
const warning = problem.extend({
  cause: z.enum(['log-delivery', 'digest-delivery', 'log-group-delivery', 'notification', 'redundant']),
  trailArn: z.string(),
}) satisfies SchemaOf<TrailWarning>;

const trail = z.union([
  z.object({
    covered: z.literal(true),
    trailArn: z.string(),
    kind: z.enum(['organization', 'multi-Region', 'single-Region']).optional(),
    also: z.array(z.string()).optional().describe('Further trails that cover the Region'),
    warnings: z.array(warning).optional(),
  }) satisfies SchemaOf<Extract<TrailCheck, { covered: true }>>,
  z.object({
    covered: z.literal(false),
    reason: z.string(),
    problems: z.array(problem).optional(),
  }) satisfies SchemaOf<Extract<TrailCheck, { covered: false }>>,
  z.object({ covered: z.literal('unknown').describe('The check itself failed'), reason: z.string() }),
]) satisfies z.ZodType<Json<TrailCheck>>;

const denied = z
  .object({ message: z.string(), at: time, declared: z.boolean() })
  .describe('A service control policy denies the Region to the account; only in `layout: account`');

const deadLetters = z
  .object({ at: time, count: z.int().optional(), error: z.string().optional() })
  .describe('What the dead-letter queue of the forwarding rule held; read once a day');

const accountSchema = z.object({
  id: account,
  name: z.string(),
  state: z.enum([
    ...(['PENDING_ACTIVATION', 'ACTIVE', 'SUSPENDED', 'PENDING_CLOSURE', 'CLOSED'] as const),
    ...(['UNKNOWN', 'DEPARTED'] as const),
  ]),
  path: z.string().describe('Names of the organizational units above it'),
  parents: z.array(z.string()),
  unitNames: z.array(z.string()),
  tags: z.record(z.string(), z.string()).nullable(),
  tagsReadAt: timeOrNull,
  joinedAt: timeOrNull,
  regions: z.array(
    z.object({
      ...{ region: z.string(), trail, denied: denied.optional() },
      deadLetters: deadLetters.optional(),
    }),
  ),
  conditions: conditionsSchema,
  updatedAt: time,
}) satisfies SchemaOf<AccountRecord>;

const stackSchema = z.object({
  key: z.string(),
  kind: z.enum(['hub', 'account', 'region']),
  accountId: account,
  region: textOrNull,
  generation: textOrNull.describe('The hash of what the stack was made from'),
  exceptions: z.array(z.string()),
  conditions: conditionsSchema,
  operationStartedAt: timeOrNull,
  failures: z.int(),
  failedGeneration: textOrNull,
  release: textOrNull,
  programVersion: textOrNull,
  updatedAt: time,
}) satisfies SchemaOf<StackRecord>;

export const accountsSchema = z.object({ accounts: z.array(accountSchema), ...pageFields });
export const stacksSchema = z.object({ stacks: z.array(stackSchema), ...pageFields });

export const lifecycleEventsSchema = z.object({
  ...pageFields,
  lifecycleEvents: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      accountId: textOrNull,
      time,
      action: z.string().describe('What the event led to'),
    }),
  ),
});
