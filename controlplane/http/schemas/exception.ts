import { z } from 'zod';
import { type ExceptionView, exceptionStates } from '../../remediations/exception-view.ts';
import type { RestoreView } from '../../remediations/restore/view.ts';
import { account, type SchemaOf, textOrNull, time, timeOrNull } from './json.ts';
import { pageFields } from './page.ts';
import { runSchema } from './run.ts';

const exceptionSchema = z.object({
  name: z.string(),
  owner: z.string(),
  why: z.string(),
  ticket: z.string(),
  where: z.looseObject({}).describe('As docs/policy.md has it'),
  allow: z.unknown().describe('As docs/policy.md has it'),
  expires: time.optional(),
  permanent: z.literal(true).optional(),
  state: z.enum(exceptionStates),
  kept: z.enum(['file', 'store']).describe('Written in the policy file, or made by a restore'),
  remediation: textOrNull,
  createdBy: textOrNull,
  createdAt: timeOrNull,
  endedBy: textOrNull,
  endedAt: timeOrNull,
}) satisfies SchemaOf<Omit<ExceptionView, 'where' | 'allow'>>;

export const exceptionsSchema = z.object({ exceptions: z.array(exceptionSchema), ...pageFields });
export const endedExceptionSchema = z.object({ exception: exceptionSchema, run: runSchema });

export const restoreSchema = z.object({
  id: z.uuid(),
  remediation: z.string(),
  groupId: z.string(),
  accountId: account,
  region: z.string(),
  state: z.enum(['pending', 'exception-deployed', 'restored', 'failed']),
  reason: textOrNull.describe('Why it failed'),
  requestedBy: z.string(),
  requestedAt: time,
  finishedAt: timeOrNull,
  rules: z.array(z.object({ ruleId: z.string(), exception: z.string(), restoredRuleId: textOrNull })),
}) satisfies SchemaOf<RestoreView>;
