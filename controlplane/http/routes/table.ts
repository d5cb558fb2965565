import { z } from 'zod';
import { strongestMode } from '../../settings/policy-change.ts';
import { lifecycleEventsSchema } from '../schemas/account.ts';
import { healthSchema, readySchema } from '../schemas/health.ts';
import { protectionSchema, remediationsSchema } from '../schemas/remediation.ts';
import { auditRoutes } from './audit.ts';
import { confirmationRoutes } from './confirmations.ts';
import { exceptionRoutes } from './exceptions.ts';
import { account, organizationalUnit, region } from './filters.ts';
import { findingRoutes } from './findings.ts';
import { fleetRoutes } from './fleet.ts';
import { answerPage, longPageParameters, pageParameters } from './page.ts';
import { ok, type Route, route } from './route.ts';
import { runRoutes } from './runs.ts';
import { sweepRoutes } from './sweeps.ts';
import { uninstallRoutes } from './uninstall.ts';
import { verifyRoutes } from './verify.ts';

const metricsType = 'text/plain; version=0.0.4; charset=utf-8';
const yamlType = 'application/yaml; charset=utf-8';

const remediationsQuery = z.strictObject({
  ...longPageParameters,
  ...{ account, region, organizationalUnit },
  outcome: z.string().max(64).optional(),
});

/** Every route of the service. The server and the OpenAPI document are made from this table. */
export const routes: readonly Route[] = [
  ...runRoutes,
  ...fleetRoutes,
  route({
    method: 'get',
    path: '/v1/remediations',
    summary: 'What the remediation Lambda did, newest first, each with the id that restores it',
    role: 'viewer',
    query: remediationsQuery,
    returns: remediationsSchema,
    answers: { 200: 'Remediations', 400: 'A query parameter is wrong' },
    handle: async ({ store }, { query }) =>
      ok(await answerPage('remediations', query, store.remediations.page)),
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
  ...findingRoutes,
  ...verifyRoutes,
  ...sweepRoutes,
  ...exceptionRoutes,
  ...confirmationRoutes,
  ...uninstallRoutes,
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
    query: z.strictObject({ ...pageParameters, account }),
    answers: { 200: 'Lifecycle events', 400: 'A query parameter is wrong' },
    handle: async ({ store }, { query }) =>
      ok(await answerPage('lifecycleEvents', query, store.lifecycleEvents.page)),
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
