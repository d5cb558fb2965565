import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type Page, type PageRequest, wrongCursor } from '../../store/database/page.ts';

const most = 500;
const usual = 100;

/** The parameters of a list that has pages. */
export const pageParameters = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(most)
    .default(usual)
    .describe('How many items the page has at most'),
  cursor: z
    .string()
    .max(4000)
    .optional()
    .describe('`next` of the page before, with the same filters; leave it out for the first page'),
};

/** The same, where an item is large: an account has a trail check for each of its Regions. */
export const shortPageParameters = {
  ...pageParameters,
  limit: z.coerce.number().int().min(1).max(usual).default(usual),
};

/** The same, for a list that has always accepted a limit of 1,000. */
export const longPageParameters = {
  ...pageParameters,
  limit: z.coerce.number().int().min(1).max(1000).default(usual),
};

interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const contentSchema = z.tuple([z.string(), z.int().min(0), z.array(z.string()).max(8)]);

function contentOf(cursor: string) {
  try {
    return contentSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch {
    throw wrongCursor('is not one that this list gave');
  }
}

/**
 * One page of a list, with its items in the field of the answer. The cursor is the position of the page's last item, bound
 * to the list and its filters.
 * @throws PortcullisError `invalid-request` where the cursor is not of this list with these filters
 */
export async function answerPage<Item, Query extends PageQuery>(
  field: string,
  { limit, cursor, ...filter }: Query,
  read: (filter: Omit<Query, 'limit' | 'cursor'>, page: PageRequest) => Promise<Page<Item>>,
  list = field,
): Promise<Readonly<Record<string, unknown>>> {
  const bound = createHash('sha256')
    .update(JSON.stringify([list, Object.entries(filter).sort()]))
    .digest('base64url')
    .slice(0, 12);
  const [of = bound, counted = 0, after = undefined] = cursor === undefined ? [] : contentOf(cursor);
  if (of !== bound) throw wrongCursor('belongs to another list, or to other filters');
  const { items, last, total = counted } = await read(filter, { limit, after });
  const next = last && Buffer.from(JSON.stringify([bound, total, last])).toString('base64url');
  return { [field]: items, next: next ?? null, total };
}
