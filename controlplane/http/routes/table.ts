import { z } from 'zod';
import { strongestMode } from '../../settings/policy-change.ts';
import { accountsSchema, lifecycleEventsSchema, stacksSchema } from '../schemas/account.ts';
import { healthSchema, readySchema } from '../schemas/health.ts';
import { protectionSchema, remediationsSchema } from '../schemas/remediation.ts';
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
  outcome: z.string().max(64).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** Every route of the service. The server and the OpenAPI document are made from this table. */
export const routes: readonly Route[] = [
  ...runRoutes,
  route({
    method: 'get',
    path: '/v1/accounts',
    summary:
      'Every account, also those that left, with its Regions, the trail check of each, and its conditions',
    role: 'viewer',
    costly: true,
    returns: accountsSchema,
    answers: { 200: 'Accounts' },
    handle: async ({ store }) => ok({ accounts: await store.accounts.list() }),
  }),
  route({
    method: 'get',
    path: '/v1/stacks',
    summary: 'Every stack with its conditions and generation',
    role: 'viewer',
    costly: true,
    returns: stacksSchema,
    answers: { 200: 'Stacks' },
    handle: async ({ store }) => ok({ stacks: await store.stacks.list() }),
  }),
  route({
    method: 'get',
    path: '/v1/remediations',
    summary: 'What the remediation Lambda did, newest first, each with the id that restores it',
    role: 'viewer',
    query: remediationsQuery,
    returns: remediationsSchema,
    answers: { 200: 'Remediations', 400: 'A query parameter is wrong' },
    handle: async ({ store }, { query: { account, outcome, limit } }) =>
      ok({ remediations: await store.remediations.list({ accountId: account, outcome, limit }) }),
  }),
  route({
    method: 'get',
    path: '/v1/protection',
    summary:
      'The strongest mode of the policy that is in force, and groups with an escalated rule that is open',
    role: 'viewer',
    returns: protectionSchema,
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
    summary: 'Metrics in the Prometheus text format; docs/observability.md lists them',
    // Prometheus sends a token (`authorization.credentials`).
    role: 'metrics',
    produces: metricsType,
    answers: { 200: 'Metrics' },
    handle: async ({ metrics }) => ({ status: 200, type: metricsType, text: await metrics() }),
  }),
  route({
    method: 'get',
    path: '/v1/access-role.yaml',
    summary: 'The CloudFormation template of the access role, with the trust that the settings need',
    role: 'operator',
    produces: yamlType,
    returns: z.record(z.string(), z.unknown()),
    answers: { 200: 'The template' },
    handle: async ({ accessTemplate }) => ({ status: 200, type: yamlType, text: await accessTemplate() }),
  }),
  route({
    method: 'get',
    path: '/v1/lifecycle-events',
    summary: 'Events about the organization and the result of each, newest first',
    role: 'viewer',
    returns: lifecycleEventsSchema,
    answers: { 200: 'Lifecycle events' },
    handle: async ({ store }) => ok({ lifecycleEvents: await store.lifecycleEvents.list(100) }),
  }),
  route({
    method: 'get',
    path: '/healthz',
    summary: 'The process is alive',
    role: 'anyone',
    returns: healthSchema,
    answers: { 200: 'Alive' },
    handle: async () => ok({ status: 'ok' }),
  }),
  route({
    method: 'get',
    path: '/readyz',
    summary: 'The service can do its work',
    role: 'anyone',
    returns: readySchema,
    alsoReturns: { 503: readySchema },
    answers: {
      200: 'Ready; `missing` has what waits for a person',
      503: 'Not ready: what is missing, each with its fix',
    },
    async handle(context) {
      const missing = await context.missing();
      const blocking = missing.filter((each) => each.blocking);
      if (blocking.length === 0) return ok({ status: 'ready', missing });
      const reason = blocking.map(({ message }) => message).join('; ');
      return { status: 503, body: { status: 'not ready', reason, missing } };
    },
  }),
];
