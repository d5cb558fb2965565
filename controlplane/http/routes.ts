import { z } from 'zod';
import { PortcullisError } from '../errors.ts';
import { scopeSchema } from '../scope.ts';
import { accessRoute } from './access-route.ts';
import { auditRoutes } from './audit-routes.ts';
import { confirmationRoutes } from './confirmation-routes.ts';
import { exceptionRoutes } from './exception-routes.ts';
import { metricsRoute } from './metrics-route.ts';
import { ok, type Route, route } from './route.ts';
import { verifyRoutes } from './verify-routes.ts';

const reconcileBody = scopeSchema.extend({
  preview: z
    .boolean()
    .default(false)
    .describe('A dry run: names what would change and what drifted; changes nothing'),
  onlyChanged: z.boolean().default(false).describe('Leave alone what is ready at the wanted generation'),
});

const remediationsQuery = z.strictObject({
  account: z
    .string()
    .regex(/^\d{12}$/, 'must be a 12-digit account id')
    .optional(),
  outcome: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** Every route of the service. The server and the OpenAPI document are made from this table. */
export const routes: readonly Route[] = [
  route({
    method: 'post',
    path: '/v1/reconcile',
    summary: 'Ask for a run over the whole organization or a part of it',
    body: reconcileBody,
    answers: { 202: 'The run, queued', 400: 'The body names the field that is wrong' },
    async handle({ queue }, { body: { preview, onlyChanged, ...scope }, caller }) {
      const run = await queue.request({
        kind: preview ? 'preview' : 'reconcile',
        scope,
        onlyChanged,
        requestedBy: caller,
      });
      return { status: 202, body: run, location: `/v1/runs/${run.id}` };
    },
  }),
  route({
    method: 'get',
    path: '/v1/runs',
    summary: 'The latest hundred runs, newest first',
    answers: { 200: 'Runs' },
    handle: async ({ store }) => ok({ runs: await store.runs.list(100) }),
  }),
  route({
    method: 'get',
    path: '/v1/runs/:id',
    summary: 'One run with each of its stacks: what changed, what drifted, what failed',
    answers: { 200: 'The run', 404: 'No such run' },
    async handle({ store }, { parameters: { id = '' } }) {
      const run = z.uuid().safeParse(id).success ? await store.runs.get(id) : undefined;
      if (!run) throw new PortcullisError('not-found', `run ${id} does not exist`);
      return ok({ ...run, stacks: await store.runStacks.of(id) });
    },
  }),
  route({
    method: 'get',
    path: '/v1/accounts',
    summary: 'Every account ever seen, with its Regions, the trail check of each, and its conditions',
    answers: { 200: 'Accounts' },
    handle: async ({ store }) => ok({ accounts: await store.accounts.list() }),
  }),
  route({
    method: 'get',
    path: '/v1/stacks',
    summary: 'Every stack with its conditions and generation',
    answers: { 200: 'Stacks' },
    handle: async ({ store }) => ok({ stacks: await store.stacks.list() }),
  }),
  route({
    method: 'get',
    path: '/v1/remediations',
    summary: 'What the remediation Lambda did, newest first, each under the id that restores it',
    query: remediationsQuery,
    answers: { 200: 'Remediations', 400: 'A query parameter is wrong' },
    handle: async ({ store }, { query: { account, outcome, limit } }) =>
      ok({ remediations: await store.remediations.list({ accountId: account, outcome, limit }) }),
  }),
  ...verifyRoutes,
  ...exceptionRoutes,
  ...confirmationRoutes,
  ...auditRoutes,
  metricsRoute,
  accessRoute,
  route({
    method: 'get',
    path: '/v1/lifecycle-events',
    summary: 'What was heard of the organization and what it led to, newest first',
    answers: { 200: 'Lifecycle events' },
    handle: async ({ store }) => ok({ lifecycleEvents: await store.lifecycleEvents.list(100) }),
  }),
  route({
    method: 'get',
    path: '/healthz',
    summary: 'The process is alive',
    open: true,
    answers: { 200: 'Alive' },
    handle: async () => ok({ status: 'ok' }),
  }),
  route({
    method: 'get',
    path: '/readyz',
    summary: 'The service can do its work',
    open: true,
    answers: { 200: 'Ready', 503: 'Not ready, and why' },
    async handle({ notReady }) {
      const reason = await notReady();
      return reason ? { status: 503, body: { status: 'not ready', reason } } : ok({ status: 'ready' });
    },
  }),
];
