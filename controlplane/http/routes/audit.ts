import { z } from 'zod';
import { auditedActs } from '../../store/audit/acts.ts';
import type { AuditFilter } from '../../store/audit/lines.ts';
import type { Store } from '../../store/store.ts';
import { auditCheckSchema, auditPageSchema } from '../schemas/audit.ts';
import { account } from './filters.ts';
import { ok, type Route, route } from './route.ts';

const moment = z.iso
  .datetime({ offset: true, error: 'must be a time such as 2026-03-02T09:15:00Z' })
  .transform((text) => new Date(text))
  // What the database can hold and JSON can write.
  .refine((at) => at.getUTCFullYear() >= 1970 && at.getUTCFullYear() <= 9999, 'must be from 1970 to 9999');
const lineId = z.string().regex(/^\d{1,18}$/, 'must be the id of a line');

const filter = z.strictObject({
  since: moment.optional(),
  until: moment.optional(),
  who: z.string().min(1).max(200).optional(),
  what: z.enum(auditedActs, `must be one of: ${auditedActs.join(', ')}`).optional(),
  account,
  after: lineId.optional(),
});

/** The export, piece by piece; who took how much of what is a line of its own, where it was broken off as well. */
async function* exported(store: Store, who: string, wanted: AuditFilter, after: string | undefined) {
  let lines = 0;
  let last: string | undefined;
  let complete = false;
  try {
    for await (const page of store.audit.lines(wanted, after)) {
      lines += page.length;
      last = (JSON.parse(page.at(-1) ?? '{}') as { id?: string }).id;
      yield `${page.join('\n')}\n`;
    }
    complete = true;
  } finally {
    const details = { ...wanted, after, lines, last, complete };
    await store.audit.append({ who, what: 'exported', details });
  }
}

/** What was done, by whom and by which program; whether that record is whole; and all of it, to keep elsewhere. */
export const auditRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/audit',
    summary:
      'Who requested what and what was changed where, newest first; `next` of a page is the `cursor` of the next',
    query: filter.extend({
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      cursor: lineId.optional().describe('`next` of the page before; the same as `after`'),
    }),
    role: 'viewer',
    returns: auditPageSchema,
    answers: {
      200: 'Lines of the audit log, and the id that the next page is after',
      400: 'A query parameter is wrong',
    },
    async handle({ store }, { query: { limit, cursor, after = cursor, ...wanted } }) {
      const audit = await store.audit.list(limit, wanted, after);
      return ok({ audit, next: audit.length < limit ? null : audit.at(-1)?.id });
    },
  }),
  route({
    method: 'get',
    path: '/v1/audit/export',
    summary: 'The audit log as JSON lines, oldest first; `after` continues an earlier export',
    role: 'viewer',
    query: filter,
    produces: 'application/x-ndjson',
    answers: {
      200: 'Lines; a broken connection means that there are more',
      400: 'A query parameter is wrong',
    },
    async handle({ store }, { query: { after, ...wanted }, caller }) {
      return { status: 200, type: 'application/x-ndjson', text: exported(store, caller, wanted, after) };
    },
  }),
  route({
    method: 'get',
    path: '/v1/audit/verify',
    summary: 'Whether each sealed line of the audit log exists and is unchanged',
    role: 'viewer',
    costly: true,
    returns: auditCheckSchema,
    answers: { 200: 'What was found: `intact`, or which lines are not what they were' },
    handle: async ({ store }) => ok(await store.audit.check()),
  }),
];
