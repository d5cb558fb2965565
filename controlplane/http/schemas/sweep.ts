import { z } from 'zod';
import type { Sweep, SweepCell, SweepCounts } from '../../store/sweeps/sweep.ts';
import { account, type SchemaOf, textOrNull, time, timeOrNull } from './json.ts';
import { pageFields } from './page.ts';
import { recordedScope } from './run.ts';

export const sweepSchema = z.object({
  id: z.uuid(),
  scope: recordedScope,
  requestedBy: z.string(),
  scheduled: z.boolean().describe('Whether the clock began it; then it is spread over the period'),
  state: z.enum(['running', 'done', 'cancelled']),
  policyDigest: z.string().describe('Of the policy in force when it began'),
  createdAt: time,
  finishedAt: timeOrNull,
}) satisfies SchemaOf<Sweep>;

const count = z.int();

const counts = z.object({
  accounts: count,
  accountsWaiting: count.describe('Accounts whose Regions are not listed yet'),
  accountsNotChecked: count.describe('Accounts that cannot be entered: nothing is known of their Regions'),
  accountsInactive: count.describe('Of those, accounts that are closed, suspended or not active yet'),
  cells: count.describe('Cells of the accounts whose Regions are listed'),
  done: count,
  waiting: count,
  notChecked: count,
  groups: count.describe('Security groups that were read'),
  findings: count.describe('Rules that the policy forbids and no exception allows'),
  undecided: count.describe('Rules that could not be evaluated'),
}) satisfies SchemaOf<SweepCounts>;

const cell = z.object({
  accountId: account,
  region: textOrNull.describe('null: the account itself, whose Regions could not be listed'),
  state: z
    .enum(['waiting', 'done', 'not-checked'])
    .describe('`not-checked`: nothing is known of it by this sweep, for the reason'),
  reason: textOrNull,
  groups: count.nullable(),
  findings: count.nullable().describe('Rules that the policy forbids and no exception allows'),
  undecided: count.nullable(),
  policyDigest: textOrNull.describe('Of the policy by which its groups were evaluated'),
  attempts: count.describe('Reads that failed'),
  readAt: timeOrNull,
  endedAt: timeOrNull,
}) satisfies SchemaOf<SweepCell>;

export const sweepsSchema = z.object({ sweeps: z.array(sweepSchema), ...pageFields });
export const sweepWithCellsSchema = sweepSchema.extend({ counts, cells: z.array(cell), ...pageFields });
