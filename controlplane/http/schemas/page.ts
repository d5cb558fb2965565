import { z } from 'zod';

/** What every page says beside its items. */
export const pageFields = {
  next: z.string().nullable().describe('The `cursor` of the next page; null where there is none'),
  total: z.int().describe('How many items there are with these filters, counted with the first page'),
};
