import { z } from 'zod';
import { verificationSchema, verificationWithCellsSchema } from '../schemas/verification.ts';
import { account, region } from './filters.ts';
import { answerPage, pageParameters } from './page.ts';
import { ok, type Route, recordOf, route } from './route.ts';
import { askedScope, scopeOf, withScope } from './scope.ts';

/** Verifications of cells: request one and read its result. */
export const verifyRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/verify',
    summary: 'Verify the cells of the whole organization, or of a part of it, with a canary in each',
    role: 'operator',
    body: withScope(askedScope),
    returns: verificationSchema,
    answers: {
      202: 'The verification, queued',
      400: 'The body names the field that is wrong',
      409: 'The hub belongs to another installation',
    },
    async handle({ verifier, requireRegions }, { body, caller }) {
      const scope = scopeOf(body);
      if (scope.regions) await requireRegions(scope.regions);
      const verification = await verifier.request(scope, caller);
      return { status: 202, body: verification, location: `/v1/verifications/${verification.id}` };
    },
  }),
  route({
    method: 'get',
    path: '/v1/verifications/:id',
    summary:
      'One verification with the canary of each cell: waiting, verified, or failed with the hop it stopped at',
    role: 'viewer',
    costly: true,
    query: z.strictObject({
      ...{ ...pageParameters, account, region },
      state: z.enum(['waiting', 'verified', 'failed']).optional(),
    }),
    returns: verificationWithCellsSchema,
    answers: {
      200: 'The verification, and one page of its cells',
      400: 'A query parameter is wrong',
      404: 'No such verification',
    },
    async handle({ store }, { parameters: { id = '' }, query }) {
      const verification = await recordOf('verification', id, store.cellVerifications.get);
      const page = await answerPage(
        'cells',
        query,
        (filter, page) => store.cellVerifications.canaryPage(id, filter, page),
        `cells of ${id}`,
      );
      return ok({ ...verification, ...page });
    },
  }),
];
