import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteContext } from '../../../../controlplane/http/routes/route.ts';
import { application, listen } from '../../../../controlplane/http/server.ts';
import type { Missing } from '../../../../controlplane/stacks/missing.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { doorOf, token } from './world.ts';

let missing: Missing[] = [];
const context = { missing: async () => missing } as unknown as RouteContext;
let server: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  server = await listen(application(context, doorOf(token), '0', makeLogger('silent')), '127.0.0.1', 0);
});
afterAll(() => server.close());
/** Without a token. */
const ask = async (path: string) => {
  const response = await fetch(server.url + path);
  return { status: response.status, body: await response.json() };
};

describe('health', () => {
  test('is alive and ready', async () => {
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(200);
  });

  test('is alive and not ready while the database does not answer, and says so', async () => {
    const down = { blocking: true, message: 'the database does not answer', fix: 'start it' };
    missing = [{ what: 'database', ...down }];
    const reason = 'the database does not answer';
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: { reason, missing } });
    expect((await ask('/healthz')).status).toBe(200);
  });

  test('is ready with what waits for a person, and says it', async () => {
    missing = [{ what: 'scope', blocking: false, message: 'not confirmed', fix: 'portcullis confirmations' }];
    expect(await ask('/readyz')).toMatchObject({ status: 200, body: { status: 'ready', missing } });
    missing = [];
  });
});
