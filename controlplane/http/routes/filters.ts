import { z } from 'zod';
import type { ConditionType } from '../../stacks/conditions.ts';

const conditionTypes = [
  ...(['Ready', 'Reconciling', 'Stalled', 'Drifted', 'TrailsCovered', 'Verified'] as const),
] satisfies ConditionType[];
const statuses = ['True', 'False', 'Unknown'] as const;
const conditions = conditionTypes.flatMap((type) => statuses.map((status) => `${type}:${status}` as const));

/** Filters of lists, by the names that they have in a query. */
export const account = z
  .string()
  .regex(/^\d{12}$/, 'must be a 12-digit account id')
  .optional();
export const region = z
  .string()
  .regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, 'must be a Region such as eu-west-1')
  .optional();
export const organizationalUnit = z
  .string()
  .regex(/^(ou-[0-9a-z-]+|r-[0-9a-z]+)$/, 'must be an organizational unit (ou-…) or a root (r-…)')
  .optional()
  .describe('Accounts of this organizational unit or root, however deep');
export const condition = z
  .enum(conditions, 'must be a condition and its status, such as Ready:False')
  .transform((text) => {
    const [type, status] = text.split(':') as [ConditionType, string];
    return { type, status };
  })
  .optional();
