import { z } from 'zod';
import type { Missing } from '../../stacks/missing.ts';
import type { SchemaOf } from './json.ts';

export const healthSchema = z.object({ status: z.literal('ok') });

const missing = z.object({
  what: z.enum(['database', 'queue', 'aws-credentials', 'hub', 'organization', 'scope', 'uninstall']),
  blocking: z.boolean().describe('Whether the service cannot do all of its work'),
  message: z.string(),
  fix: z.string(),
}) satisfies SchemaOf<Missing>;

export const readySchema = z.object({
  status: z.enum(['ready', 'not ready']),
  reason: z.string().optional().describe('The messages of what blocks, in one sentence'),
  missing: z.array(missing),
});
