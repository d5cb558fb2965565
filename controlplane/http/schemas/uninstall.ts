import { z } from 'zod';
import type { RemainingStack, UninstallView } from '../../offboarding/uninstall.ts';
import { account, type SchemaOf, textOrNull } from './json.ts';

const stack = z.object({
  key: z.string(),
  accountId: account,
  why: textOrNull.describe('Why it remains; null while it waits for its turn'),
  left: z.boolean().describe('It is retried once an hour only: a person has to act'),
}) satisfies SchemaOf<RemainingStack>;

export const uninstallSchema = z.object({
  state: z
    .enum(['none', 'in-progress', 'stuck', 'finished'])
    .describe('`stuck`: all that remains waits for a person. `finished`: the hub is removed'),
  by: textOrNull,
  requestedAt: textOrNull,
  finishedAt: textOrNull,
  remaining: z.int().describe('Stacks that are not removed'),
  left: z.int().describe('How many of them are left as they are'),
  stacks: z.array(stack).describe('At most two hundred of them, those that are left first'),
}) satisfies SchemaOf<UninstallView>;
