import { describe, expect, test } from 'vitest';
import { openApi } from '../../../../controlplane/http/openapi.ts';
import { routes } from '../../../../controlplane/http/routes/table.ts';

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
    expect(Object.keys(responses)).toEqual(['202', '400', '401']);
    const { properties } = requestBody.content['application/json'].schema;
    expect(Object.keys(properties).sort()).toEqual([
      'accounts',
      'onlyChanged',
      'organizationalUnits',
      'preview',
      'regions',
      'rollout',
    ]);
    expect(document.paths['/v1/runs/{id}'].get.parameters).toMatchObject([
      { name: 'id', in: 'path', required: true },
    ]);
    const { parameters } = document.paths['/v1/remediations'].get;
    expect(parameters.map(({ name }: { name: string }) => name)).toEqual(['account', 'outcome', 'limit']);
  });

  test('needs the token everywhere but on the open routes', () => {
    expect(document.security).toEqual([{ bearer: [] }]);
    for (const { path, method, open } of routes) {
      const { security } = document.paths[path.replace(/:(\w+)/, '{$1}')][method];
      expect(security, path).toEqual(open ? [] : undefined);
    }
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
