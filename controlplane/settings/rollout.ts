import { z } from 'zod';

/** Who belongs to a wave: accounts, organizational units, or a share of the run's accounts; joined by `+`. */
const member = /^(\d{12}|(?:ou|r)-[0-9a-z-]+|(?:100|[1-9]?\d)%)$/;

export const waveSchema = z
  .string()
  .max(16_000)
  .refine(
    (text) => text.split('+').every((part) => member.test(part.trim())),
    'must be account ids, ids of organizational units (ou-…) or a percentage such as 10%, joined by +',
  );

/** How a run is rolled out. Its account stacks, each with its Regions, are taken wave by wave. */
export const rolloutSchema = z.strictObject({
  waves: z.array(waveSchema).max(50).optional().describe('Each wave in turn; whatever none names comes last'),
  parallel: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('Stacks of the run under way or waiting for a worker'),
  maxFailures: z.int().min(0).optional().describe('With more stacks failed in a wave the run pauses'),
  maxFailurePercent: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe("With more than this share of a wave's ended stacks failed the run pauses"),
});

export interface RolloutPlan extends z.infer<typeof rolloutSchema> {
  /** When a person last let it go on: failures of before count no more. */
  readonly resumedAt?: string;
}
