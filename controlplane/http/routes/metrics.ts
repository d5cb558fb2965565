import { type Route, route } from './route.ts';

const type = 'text/plain; version=0.0.4; charset=utf-8';

/** Asks for a token as everything else does: Prometheus sends one (`authorization.credentials`). */
export const metricsRoute: Route = route({
  method: 'get',
  path: '/metrics',
  summary: 'What is measured, in the Prometheus text format; docs/observability.md lists it',
  produces: type,
  answers: { 200: 'Metrics' },
  handle: async ({ metrics }) => ({ status: 200, type, text: await metrics() }),
});
