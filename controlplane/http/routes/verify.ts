import { z } from 'zod';
import { PortcullisError } from '../../settings/errors.ts';
import { coverageOf } from '../../verify/coverage.ts';
import { coverageSchema, verificationSchema, verificationWithCellsSchema } from '../schemas/verification.ts';
import { ok, type Route, route } from './route.ts';
import { askedScope, scopeOf, withScope } from './scope.ts';

/** Whether cells are covered, as it was last seen, and the asking for another look. */
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
    returns: verificationWithCellsSchema,
    answers: { 200: 'The verification', 404: 'No such verification' },
    async handle({ store }, { parameters: { id = '' } }) {
      const verification = z.uuid().safeParse(id).success ? await store.cellVerifications.get(id) : undefined;
      if (!verification) throw new PortcullisError('not-found', `verification ${id} does not exist`);
      return ok({ ...verification, cells: await store.cellVerifications.canaries(id) });
    },
  }),
  route({
    method: 'get',
    path: '/v1/coverage',
    summary: 'Every cell: its trail check, its forwarding, and when it was last verified',
    role: 'viewer',
    costly: true,
    returns: coverageSchema,
    answers: { 200: 'Cells' },
    async handle({ store: { accounts, stacks, cellVerifications } }) {
      const known = [accounts.list(), stacks.list(), cellVerifications.list()] as const;
      return ok({ cells: coverageOf(...(await Promise.all(known))) });
    },
  }),
];
