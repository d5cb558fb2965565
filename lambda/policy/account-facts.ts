import * as z from 'zod';

/** What the organization says of each account, by its id: the ids and names of the units above it, and its tags. */
export const accountsSchema = z.record(
  z.string().regex(/^\d{12}$/, 'an account id has 12 digits'),
  z.strictObject({ organizationalUnits: z.array(z.string()), tags: z.record(z.string(), z.string()) }),
);

export type Accounts = z.infer<typeof accountsSchema>;
