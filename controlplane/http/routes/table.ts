import { z } from 'zod';
import { strongestMode } from '../../settings/policy-change.ts';
import { auditRoutes } from './audit.ts';
import { confirmationRoutes } from './confirmations.ts';
import { exceptionRoutes } from './exceptions.ts';
import { ok, type Route, route } from './route.ts';
import { runRoutes } from './runs.ts';
import { verifyRoutes } from './verify.ts';

const metricsType = 'text/plain; version=0.0.4; charset=utf-8';
const yamlType = 'application/yaml; charset=utf-8';

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
  ...runRoutes,
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
  route({
    method: 'get',
    path: '/v1/protection',
    summary:
      'The strongest mode of the policy that is in force, and groups with an escalated rule that is open',
    answers: { 200: 'The mode, and at most a hundred groups' },
    handle: async ({ store, policy }) =>
      ok({ mode: strongestMode(await policy()), escalations: await store.remediations.openEscalations() }),
  }),
  ...verifyRoutes,
  ...exceptionRoutes,
  ...confirmationRoutes,
  ...auditRoutes,
  route({
    method: 'get',
    path: '/metrics',
    summary: 'What is measured, in the Prometheus text format; docs/observability.md lists it',
    // Asks for a token as every route does: Prometheus sends one (`authorization.credentials`).
    produces: metricsType,
    answers: { 200: 'Metrics' },
    handle: async ({ metrics }) => ({ status: 200, type: metricsType, text: await metrics() }),
  }),
  route({
    method: 'get',
    path: '/v1/access-role.yaml',
    summary:
      'The CloudFormation template of the access role, filled in with the trust that these settings need',
    produces: yamlType,
    answers: { 200: 'The template' },
    handle: async ({ accessTemplate }) => ({ status: 200, type: yamlType, text: await accessTemplate() }),
  }),
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
