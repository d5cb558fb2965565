import { z } from 'zod';
import { remediationResultSchema } from '../../../lambda/contract/result.ts';
import type { CellView } from '../../stacks/cell.ts';
import type { Canary } from '../../store/canaries.ts';
import type { Verification } from '../../store/verifications.ts';
import { account, type SchemaOf, textOrNull, time, timeOrNull } from './json.ts';
import { pageFields } from './page.ts';
import { recordedScope } from './run.ts';

const kind = z.enum(['end-to-end', 'path']).nullable();
const milliseconds = z.number().nullable();

export const verificationSchema = z.object({
  id: z.uuid(),
  scope: recordedScope,
  requestedBy: z.string(),
  createdAt: time,
  finishedAt: timeOrNull,
}) satisfies SchemaOf<Verification>;

const canary = z.object({
  id: z.string(),
  verificationId: z.string(),
  accountId: account,
  region: z.string(),
  intendedAt: timeOrNull,
  groupId: textOrNull,
  openedAt: timeOrNull,
  result: remediationResultSchema.nullable(),
  receivedAt: timeOrNull,
  state: z.enum(['waiting', 'verified', 'failed']),
  kind,
  message: textOrNull,
  milliseconds,
  recordedMilliseconds: milliseconds,
  endedAt: timeOrNull,
}) satisfies SchemaOf<Canary>;

export const verificationWithCellsSchema = verificationSchema.extend({
  cells: z.array(canary),
  ...pageFields,
});

const cell = z.object({
  account,
  name: z.string(),
  region: z.string(),
  trail: z.union([z.boolean(), z.literal('unknown')]),
  forwarding: z.enum(['True', 'False', 'Unknown']),
  coverage: z
    .enum(['covered', 'not-covered', 'not-checked'])
    .describe('`covered`: forwarding and a covering trail. `not-checked`: not read yet, or not readable'),
  reason: z
    .enum(['EventMissed', 'NoTrail', 'NotForwarded'])
    .nullable()
    .describe(
      'Why it is not covered. `EventMissed`: a sweep found ingress that no event announced, since the cell was last verified',
    ),
  verified: z.enum(['yes', 'no', 'never']).describe('`never`: not tried. `no`: the last try failed'),
  verifiedAt: timeOrNull,
  kind,
  milliseconds,
  recordedMilliseconds: milliseconds,
  failedAt: timeOrNull,
  message: textOrNull,
}) satisfies SchemaOf<CellView>;

export const coverageSchema = z.object({ cells: z.array(cell), ...pageFields });
