import { describe, expect } from 'vitest';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld, token } from './world.ts';

const world = httpWorld();

/** The text of an answer, for a caller named ops. */
const get = async (path: string, authorization = `Bearer ${token}`) => {
  const response = await fetch(world.url + path, { headers: { authorization } });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
};

describe('GET /metrics', () => {
  test('answers in the Prometheus text format, to a caller with a token', async () => {
    world.metrics = async () => '# TYPE portcullis_x gauge\nportcullis_x 1\n';
    expect(await get('/metrics')).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: '# TYPE portcullis_x gauge\nportcullis_x 1\n',
    });
    expect(await get('/metrics', '')).toMatchObject({ status: 401 });
  });

  test('and the export are described by their content types', async () => {
    const { paths } = JSON.parse((await get('/openapi.json')).text);
    expect(Object.keys(paths['/metrics'].get.responses['200'].content)).toEqual([
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    expect(Object.keys(paths['/v1/audit/export'].get.responses['200'].content)).toEqual([
      'application/x-ndjson',
    ]);
  });
});
