import * as z from 'zod';

/**
 * The detail of a `Portcullis Exception` event: an exception that expires within a week or has expired. Times are ISO
 * 8601.
 */
export const announcementSchema = z.object({
  schemaVersion: z.literal(1),
  time: z.iso.datetime(),
  policyDigest: z.string(),
  name: z.string(),
  owner: z.string(),
  why: z.string(),
  ticket: z.string(),
  expires: z.iso.datetime({ offset: true }),
  state: z.enum(['expiring', 'expired']),
});

export type Announcement = z.infer<typeof announcementSchema>;

export const announcementDetailType = 'Portcullis Exception';
