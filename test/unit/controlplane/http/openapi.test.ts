import { describe, expect, test } from 'vitest';
import { openApi } from '../../../../controlplane/http/openapi.ts';
import { routes } from '../../../../controlplane/http/routes/table.ts';
import { errorTable } from '../../../../controlplane/settings/errors.ts';

// As a reader of JSON sees it.
const document = JSON.parse(JSON.stringify(openApi(routes, '0.1.0')));

describe('the OpenAPI document', () => {
  test('is of version 3.1 and lists every route', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: expect.any(String), version: '0.1.0' },
    });
    const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method} ${path}`),
    );
    const expected = routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/, '{$1}')}`);
    expect(listed.sort()).toEqual(expected.sort());
  });

  test('gives every operation a summary and answers with descriptions', () => {
    for (const methods of Object.values<Record<string, { summary: string; responses: object }>>(
      document.paths,
    )) {
      for (const { summary, responses } of Object.values(methods)) {
        expect(summary).toMatch(/\w/);
        for (const answer of Object.values(responses)) expect(answer).toHaveProperty('description');
      }
    }
  });

  test('says what a body, a path and a query hold', () => {
    const { requestBody, responses } = document.paths['/v1/reconcile'].post;
    expect(Object.keys(responses)).toEqual([
      ...['202', '400', '401', '403', '413', '421', '429', '500', '503'],
    ]);
    expect(requestBody.required).toBe(true);
    const { properties } = requestBody.content['application/json'].schema;
    expect(Object.keys(properties).sort()).toEqual([
      'accounts',
      'onlyChanged',
      'organizationalUnits',
      'preview',
      'regions',
      'rollout',
      'scope',
    ]);
    expect(document.paths['/v1/runs/{id}'].get.parameters).toMatchObject([
      { name: 'id', in: 'path', required: true },
      ...['limit', 'since', 'state'].map((name) => ({ name, in: 'query', required: false })),
    ]);
    const { parameters } = document.paths['/v1/remediations'].get;
    expect(parameters.map(({ name }: { name: string }) => name)).toEqual([
      ...['limit', 'cursor', 'account', 'region', 'organizationalUnit', 'outcome'],
    ]);
  });

  test('needs the token everywhere but on the open routes', () => {
    expect(document.security).toEqual([{ bearer: [] }]);
    for (const { path, method, role } of routes) {
      const { security } = document.paths[path.replace(/:(\w+)/, '{$1}')][method];
      expect(security, path).toEqual(role === 'anyone' ? [] : undefined);
    }
  });

  test('has a schema for every answer: its own, or the one of an error', () => {
    for (const route of routes) {
      const { responses } = document.paths[route.path.replace(/:(\w+)/, '{$1}')][route.method];
      for (const [status, { content }] of Object.entries<{ content: Record<string, { schema: object }> }>(
        responses,
      )) {
        const [[type, { schema }] = ['', { schema: {} }]] = Object.entries(content);
        const where = `${route.method} ${route.path} ${status}`;
        expect(Object.keys(schema).length, where).toBeGreaterThan(0);
        if (Number(status) >= 400 && !route.alsoReturns?.[Number(status)]) {
          expect([type, schema], where).toEqual([
            ...['application/problem+json', { $ref: '#/components/schemas/Problem' }],
          ]);
        }
      }
    }
  });

  test('says which fields exclude each other: scopes, and the end of a restored exception', () => {
    const bodyOf = (path: string) => document.paths[path].post.requestBody.content['application/json'].schema;
    for (const path of ['/v1/reconcile', '/v1/verify']) {
      expect(bodyOf(path).allOf, path).toContainEqual({ not: { required: ['scope', 'accounts'] } });
      expect(bodyOf(path).anyOf, path).toContainEqual({ required: ['scope'] });
    }
    expect(bodyOf('/v1/verify').anyOf).toHaveLength(4);
    expect(bodyOf('/v1/reconcile').anyOf).toHaveLength(5);
    expect(bodyOf('/v1/remediations/{id}/restore').oneOf).toEqual([
      ...[{ required: ['expires'] }, { required: ['permanent'] }],
    ]);
  });

  test('describes the old and new values that a preview found', () => {
    const { schema } = document.paths['/v1/runs/{id}'].get.responses['200'].content['application/json'];
    const { changes, drift } = schema.properties.stacks.items.properties;
    for (const { items } of [changes, drift])
      expect(Object.keys(items.properties.values.additionalProperties.properties)).toEqual(['old', 'new']);
  });

  test('has every code of an error', () => {
    expect(document.components.schemas.Problem.properties.code.enum).toEqual(Object.keys(errorTable));
  });

  test('resolves every reference in it', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, reference = ''] of references) {
      const found = reference.split('/').reduce((at, key) => at?.[key], document);
      expect(found, reference).toBeDefined();
    }
  });
});
