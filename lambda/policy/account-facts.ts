import * as z from 'zod';

/** The organization's facts about each account: ids and names of the units above it, and its tags. */
export const accountsSchema = z.record(
  z.string().regex(/^\d{12}$/, 'an account id has 12 digits'),
  z.strictObject({ organizationalUnits: z.array(z.string()), tags: z.record(z.string(), z.string()) }),
);

export type Accounts = z.infer<typeof accountsSchema>;
