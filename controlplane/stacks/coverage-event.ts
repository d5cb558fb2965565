import * as z from 'zod';

/** Detail of a `Portcullis Coverage` event: Regions whose coverage was lost or regained. Times are ISO 8601. */
export const coverageSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.uuid().describe('The same when the event is sent again.'),
  time: z.iso.datetime(),
  change: z.enum(['lost', 'regained']),
  account: z.string(),
  accountName: z.string(),
  /** A sentence for people. */
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
