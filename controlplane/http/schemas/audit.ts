import { z } from 'zod';
import { auditedActs } from '../../store/audit/acts.ts';
import type { AuditLine } from '../../store/audit/lines.ts';
import type { AuditCheck } from '../../store/audit/seals.ts';
import { type SchemaOf, textOrNull, time } from './json.ts';

const line = z.object({
  id: z.string(),
  at: time,
  who: z.string(),
  what: z.enum(auditedActs),
  details: z.record(z.string(), z.unknown()),
  serviceVersion: textOrNull,
  programVersion: textOrNull,
}) satisfies SchemaOf<AuditLine>;

export const auditPageSchema = z.object({
  audit: z.array(line),
  next: textOrNull.describe('What `after` of the next page is; null where there is none'),
});

export const auditCheckSchema = z.object({
  intact: z.boolean(),
  seals: z.int(),
  lines: z.int(),
  unsealed: z.int().describe('Lines after the last seal'),
  last: z.object({ through: z.string(), hash: z.string() }).nullable(),
  broken: z.object({ after: z.string(), through: z.string(), why: z.string() }).nullable(),
}) satisfies SchemaOf<AuditCheck>;
