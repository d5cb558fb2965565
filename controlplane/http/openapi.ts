import { z } from 'zod';
import { problemSchema, problemType } from './problem.ts';
import type { Route } from './routes/route.ts';

const inputOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' });

/** What any answer can be for a reason that no single route has. */
function answersOf(route: Route): Record<string, string> {
  const closed = route.role !== 'anyone';
  const takesInput = route.body || route.query || route.path.includes(':');
  return {
    ...route.answers,
    ...(takesInput &&
      !route.answers[400] && { 400: 'A parameter or the body is wrong; the message names it' }),
    ...(closed && { 401: 'The bearer token is missing or unknown' }),
    403: closed
      ? 'The role of the token does not allow this, or a page of another site asks'
      : 'A page of another site asks',
    ...(route.body && { 413: 'The body is larger than 256 KB' }),
    421: 'The `Host` header is of another service',
    ...(closed && { 429: 'The token has sent too many requests' }),
    ...(!route.answers[500] && { 500: 'An unexpected error; the log has the reason' }),
    ...(!route.answers[503] && { 503: 'The database does not answer, or too many expensive reads wait' }),
  };
}

function contentOf(route: Route, status: string): object {
  if (Number(status) < 400) {
    const schema = route.returns ? inputOf(route.returns) : { type: 'string' };
    return { [route.produces ?? 'application/json']: { schema } };
  }
  const own = route.alsoReturns?.[Number(status)];
  if (own) return { 'application/json': { schema: inputOf(own) } };
  return { [problemType]: { schema: { $ref: '#/components/schemas/Problem' } } };
}

const headers: Readonly<Record<string, object>> = {
  401: { 'WWW-Authenticate': { schema: { type: 'string' } } },
  429: { 'Retry-After': { schema: { type: 'string' }, description: 'Seconds' } },
  202: { Location: { schema: { type: 'string' }, description: 'Where to follow it' } },
};

function parametersOf(route: Route): object[] {
  const query = route.query
    ? (inputOf(route.query) as { properties?: Record<string, object> }).properties
    : {};
  return [
    ...[...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      ...{ name, in: 'path', required: true },
      schema: { type: 'string', minLength: 1, maxLength: 300 },
    })),
    ...Object.entries(query ?? {}).map(([name, schema]) => ({ name, in: 'query', required: false, schema })),
  ];
}

function operation(route: Route): object {
  const parameters = parametersOf(route);
  const content = route.body && { 'application/json': { schema: inputOf(route.body) } };
  return {
    summary: route.summary,
    description:
      route.role === 'anyone'
        ? 'Needs no token.'
        : `Needs a token of the role \`${route.role}\` or a higher one.`,
    'x-role': route.role,
    ...(route.role === 'anyone' && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(content && { requestBody: { required: true, content } }),
    responses: Object.fromEntries(
      Object.entries(answersOf(route)).map(([status, description]) => [
        status,
        {
          description,
          ...(headers[status] && { headers: headers[status] }),
          content: contentOf(route, status),
        },
      ]),
    ),
  };
}

/** The OpenAPI 3.1 document of a route table. Pure. */
export function openApi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Portcullis control plane', version },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: inputOf(problemSchema) },
    },
  };
}
