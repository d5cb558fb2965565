import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod';

const source = z.strictObject({ name: z.string(), url: z.url().nullable(), dated: z.string() });

const price = z.strictObject({
  what: z.string(),
  usd: z.number().nonnegative(),
  /** How many units `usd` buys. */
  per: z.int().positive(),
  unit: z.string(),
  /** Where AWS keeps it, below https://aws.amazon.com/. */
  page: z.string().regex(/^[a-z0-9/-]+\/$/),
  evidence: z.enum(['aws', 'quoted', 'memory']),
  /** The name of the source that it was found in. */
  read: z.string(),
});

const table = z
  .strictObject({ sources: z.record(z.string(), source), prices: z.record(z.string(), price) })
  .refine(({ sources, prices }) => Object.values(prices).every(({ read }) => read in sources), {
    message: 'a price names a source that is not listed',
  })
  .refine(
    ({ prices }) =>
      Object.values(prices).every((each) => (each.evidence === 'memory') === (each.read === 'none')),
    {
      message: 'a price from memory has no source, and every other one has',
    },
  );

export type Price = z.infer<typeof price>;
export type Evidence = Price['evidence'];

/** The list prices of `prices.yaml`, and where they were read. @throws where the file does not fit its form */
export const { sources, prices } = table.parse(
  parse(readFileSync(new URL('prices.yaml', import.meta.url), 'utf8')),
);

/** @throws where there is no price of this name */
export function priceOf(name: string): Price {
  const found = prices[name];
  if (!found) throw new Error(`there is no price ${name}`);
  return found;
}
