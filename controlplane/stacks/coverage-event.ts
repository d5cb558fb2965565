import * as z from 'zod';

/**
 * The detail of a `Portcullis Coverage` event: an account's Regions whose events stopped, or began again, to reach
 * Portcullis. Times are ISO 8601.
 */
export const coverageSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.uuid().describe('The same where the event is sent again.'),
  time: z.iso.datetime(),
  change: z.enum(['lost', 'regained']),
  account: z.string(),
  accountName: z.string(),
  /** For people: what happened, in a sentence. */
  summary: z.string(),
  regions: z.array(
    z.object({
      region: z.string(),
      trail: z
        .string()
        .nullable()
        .describe('The ARN of the trail that covered the Region, or covers it now.'),
      problems: z.array(
        z.object({
          cause: z.string().describe('See docs/trails.md.'),
          message: z.string(),
          mend: z.string(),
        }),
      ),
    }),
  ),
});

export type CoverageEvent = z.infer<typeof coverageSchema>;

export const coverageDetailType = 'Portcullis Coverage';
