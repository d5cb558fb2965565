import { z } from 'zod';
import type { Route } from './routes/route.ts';

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input' });

function operation(route: Route): object {
  const query = route.query
    ? (schemaOf(route.query) as { properties?: Record<string, object> }).properties
    : {};
  const parameters = [
    ...[...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(query ?? {}).map(([name, schema]) => ({ name, in: 'query', required: false, schema })),
  ];
  const problem = { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } };
  const answers = route.open
    ? route.answers
    : { ...route.answers, 401: 'The bearer token is missing or unknown' };
  return {
    summary: route.summary,
    ...(route.open && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: { content: { 'application/json': { schema: schemaOf(route.body) } } } }),
    responses: Object.fromEntries(
      Object.entries(answers).map(([status, description]) => [
        status,
        {
          description,
          ...(Number(status) >= 400 && status !== '503' && { content: problem }),
          ...(status === '200' && route.produces && { content: { [route.produces]: {} } }),
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
      schemas: {
        Error: {
          type: 'object',
          required: ['error'],
          properties: {
            error: {
              type: 'object',
              required: ['code', 'message'],
              properties: { code: { type: 'string' }, message: { type: 'string' } },
            },
          },
        },
      },
    },
  };
}
