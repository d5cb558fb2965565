import { z } from 'zod';
import { sweepSchema, sweepsSchema, sweepWithCellsSchema } from '../schemas/sweep.ts';
import { account, region } from './filters.ts';
import { answerPage, pageParameters } from './page.ts';
import { ok, type Route, recordOf, route, uuidOf } from './route.ts';
import { askedScope, scopeOf, withScope } from './scope.ts';

const list = '/v1/sweeps';

/** Sweeps: request one, read what it found and what it could not read, end it. */
export const sweepRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: list,
    summary: 'Read the security groups of every cell of the organization, or of a part of it',
    role: 'operator',
    body: withScope(askedScope),
    returns: sweepSchema,
    answers: {
      202: 'The sweep, begun',
      400: 'The body names the field that is wrong',
    },
    async handle({ sweeper, requireRegions }, { body, caller }) {
      const scope = scopeOf(body);
      if (scope.regions) await requireRegions(scope.regions);
      const sweep = await sweeper.request(scope, caller);
      return { status: 202, body: sweep, location: `/v1/sweeps/${sweep.id}` };
    },
  }),
  route({
    method: 'get',
    path: list,
    summary: 'Sweeps, newest first',
    role: 'viewer',
    query: z.strictObject({
      ...pageParameters,
      state: z.enum(['running', 'done', 'cancelled']).optional(),
    }),
    returns: sweepsSchema,
    answers: { 200: 'One page of sweeps', 400: 'A query parameter is wrong' },
    handle: async ({ store }, { query }) => ok(await answerPage('sweeps', query, store.sweeps.page)),
  }),
  route({
    method: 'get',
    path: '/v1/sweeps/:id',
    summary:
      'One sweep: its counts, and a page of its cells; `state=not-checked` lists what was not read, and why',
    role: 'viewer',
    costly: true,
    query: z.strictObject({
      ...{ ...pageParameters, account, region },
      state: z.enum(['waiting', 'done', 'not-checked']).optional(),
    }),
    returns: sweepWithCellsSchema,
    answers: {
      200: 'The sweep, and one page of its cells',
      400: 'A query parameter is wrong',
      404: 'No such sweep',
    },
    async handle({ store }, { parameters: { id = '' }, query }) {
      const sweep = await recordOf('sweep', id, store.sweeps.get, list);
      const page = await answerPage(
        'cells',
        query,
        (filter, page) => store.sweeps.cellPage(id, filter, page),
        `cells of sweep ${id}`,
      );
      return ok({ ...sweep, counts: await store.sweeps.counts(id), ...page });
    },
  }),
  route({
    method: 'post',
    path: '/v1/sweeps/:id/cancel',
    summary: 'End a sweep; what was not read is not checked',
    role: 'operator',
    body: z.strictObject({}),
    returns: sweepSchema,
    answers: { 200: 'The sweep, cancelled', 404: 'No such sweep', 409: 'It has ended already' },
    async handle({ sweeper }, { parameters: { id = '' }, caller }) {
      return ok(await sweeper.cancel(uuidOf('sweep', id, list), caller));
    },
  }),
];
