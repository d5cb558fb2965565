import { z } from 'zod';
import { remediationResultSchema } from '../../../lambda/contract/result.ts';
import { modes } from '../../../lambda/policy/schema/policy.ts';
import type { OpenEscalation } from '../../store/fleet/escalations.ts';
import type { RemediationRecord } from '../../store/remediations.ts';
import { account, type SchemaOf, time } from './json.ts';
import { pageFields } from './page.ts';

const remediation = z.object({
  id: z.string().describe('`<eventId>:<groupId>`: what a restore takes'),
  eventId: z.string(),
  groupId: z.string(),
  time,
  accountId: account,
  region: z.string(),
  outcome: z.string(),
  result: remediationResultSchema,
}) satisfies SchemaOf<RemediationRecord>;

export const escalation = z.object({
  accountId: account,
  region: z.string(),
  groupId: z.string(),
  time: time.describe('Since when it is open'),
}) satisfies SchemaOf<OpenEscalation>;

export const remediationsSchema = z.object({ remediations: z.array(remediation), ...pageFields });
export const protectionSchema = z.object({ mode: z.enum(modes), escalations: z.array(escalation) });
