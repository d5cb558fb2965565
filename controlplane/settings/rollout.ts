import { z } from 'zod';
import { waveSchema } from './variables/forms.ts';

/** How a run is rolled out. Its account stacks, each with its Regions, are taken wave by wave. */
export const rolloutSchema = z.strictObject({
  waves: z
    .array(waveSchema)
    .max(50)
    .optional()
    .describe('The waves in order; accounts that no wave names are in the last one'),
  parallel: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe('Stacks of the run that are in progress or wait for a worker, at most'),
  maxFailures: z.int().min(0).optional().describe('The run pauses when more stacks of a wave fail'),
  maxFailurePercent: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe("The run pauses when a larger share of a wave's finished stacks failed"),
});

export interface RolloutPlan extends z.infer<typeof rolloutSchema> {
  /** When a person last resumed it: earlier failures no longer count. */
  readonly resumedAt?: string;
}
