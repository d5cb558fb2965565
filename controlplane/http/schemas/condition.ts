import { z } from 'zod';
import type { Condition, Conditions, Reason } from '../../stacks/conditions.ts';
import { type SchemaOf, time, word } from './json.ts';

const condition = z.object({
  status: z.enum(['True', 'False', 'Unknown']).describe('`Unknown`: not read, or not readable'),
  reason: word<Reason>(),
  message: z.string(),
  since: time.describe('When the status last changed'),
}) satisfies SchemaOf<Condition>;

export const conditionsSchema = z.object({
  Ready: condition.optional(),
  Reconciling: condition.optional(),
  Stalled: condition.optional(),
  Drifted: condition.optional(),
  TrailsCovered: condition.optional(),
  EventsDelivered: condition
    .optional()
    .describe('False: a dead-letter queue holds events that were not delivered'),
  Verified: condition.optional(),
}) satisfies SchemaOf<Conditions>;
