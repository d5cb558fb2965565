import { z } from 'zod';
import { remediationResultSchema } from '../../../lambda/contract/result.ts';
import type { Canary } from '../../store/canaries.ts';
import type { Verification } from '../../store/verifications.ts';
import type { CellView } from '../../verify/coverage.ts';
import { account, type Json, textOrNull, time, timeOrNull } from './json.ts';
import { recordedScope } from './run.ts';

const kind = z.enum(['end-to-end', 'path']).nullable();
const milliseconds = z.number().nullable();

export const verificationSchema = z.object({
  id: z.uuid(),
  scope: recordedScope,
  requestedBy: z.string(),
  createdAt: time,
  finishedAt: timeOrNull,
}) satisfies z.ZodType<Json<Verification>>;

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
}) satisfies z.ZodType<Json<Canary>>;

export const verificationWithCellsSchema = verificationSchema.extend({ cells: z.array(canary) });

const cell = z.object({
  account,
  name: z.string(),
  region: z.string(),
  trail: z.union([z.boolean(), z.literal('unknown')]),
  forwarding: z.enum(['True', 'False', 'Unknown']),
  verified: z.enum(['yes', 'no', 'never']).describe('`never`: not tried. `no`: the last try failed'),
  verifiedAt: timeOrNull,
  kind,
  milliseconds,
  recordedMilliseconds: milliseconds,
  failedAt: timeOrNull,
  message: textOrNull,
}) satisfies z.ZodType<Json<CellView>>;

export const coverageSchema = z.object({ cells: z.array(cell) });
