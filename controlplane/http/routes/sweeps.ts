import { z } from 'zod';
import { PortcullisError } from '../../settings/errors.ts';
import { sweepSchema, sweepsSchema, sweepWithCellsSchema } from '../schemas/sweep.ts';
import { account, region } from './filters.ts';
import { answerPage, pageParameters } from './page.ts';
import { ok, type Route, route } from './route.ts';
import { askedScope, scopeOf, withScope } from './scope.ts';

/** Sweeps: request one, read what it found and what it could not read, end it. */
export const sweepRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/sweeps',
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
    path: '/v1/sweeps',
    summary: 'Sweeps, newest first',
    role: 'viewer',
    query: z.strictObject({
      ...pageParameters,
      state: z.enum(['running', 'done', 'cancelled']).optional(),
    }),
    returns: sweepsSchema,
    answers: { 200: 'One page of sweeps', 400: 'A query parameter is wrong' },
    async handle({ store }, { query }) {
      const { items: sweeps, ...page } = await answerPage('sweeps', query, store.sweeps.page);
      return ok({ sweeps, ...page });
    },
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
      const sweep = z.uuid().safeParse(id).success ? await store.sweeps.get(id) : undefined;
      if (!sweep) throw new PortcullisError('not-found', `sweep ${id} does not exist: GET /v1/sweeps`);
      const found = await answerPage(`cells of sweep ${id}`, query, (filter, page) =>
        store.sweeps.cellPage(id, filter, page),
      );
      const { items: cells, ...page } = found;
      return ok({ ...sweep, counts: await store.sweeps.counts(id), cells, ...page });
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
      if (!z.uuid().safeParse(id).success)
        throw new PortcullisError('not-found', `sweep ${id} does not exist: GET /v1/sweeps`);
      return ok(await sweeper.cancel(id, caller));
    },
  }),
];
