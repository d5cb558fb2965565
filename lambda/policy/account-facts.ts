import * as z from 'zod';

const factsSchema = z.strictObject({
  organizationalUnits: z.array(z.string()).readonly(),
  tags: z.record(z.string(), z.string()).readonly(),
});

export const accountsSchema = z.record(
  z.string().regex(/^\d{12}$/, 'an account id has 12 digits'),
  factsSchema,
);

/** The organization's facts about an account: ids and names of the units above it, and its tags. */
export type AccountFacts = z.infer<typeof factsSchema>;
export type Accounts = z.infer<typeof accountsSchema>;
