import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RouteContext } from '../../../../controlplane/http/routes/route.ts';
import { application, listen } from '../../../../controlplane/http/server.ts';
import { PortcullisError } from '../../../../controlplane/settings/errors.ts';
import type { Run, RunRequest } from '../../../../controlplane/store/runs.ts';
import { makeLogger } from '../../../../controlplane/telemetry/log.ts';
import { doorOf, token } from './world.ts';

const id = '0190f2a4-7c3e-7b1a-9d2f-3c4b5a697887';
const asked: RunRequest[] = [];
/** What was done to runs, in words. */
const held: string[] = [];

const run = (request: Partial<RunRequest>) => ({ ...request, id, state: 'queued' }) as Run;
const hold = (verb: string) => async (of: string, by: string) => {
  if (of !== id) throw new PortcullisError('conflict', `run ${of} is succeeded`);
  held.push(`${verb} by ${by}`);
  return run({ kind: 'reconcile' });
};
const queue = {
  async request(request: RunRequest) {
    asked.push(request);
    return run(request);
  },
  ...{ pause: hold('pause'), resume: hold('resume'), cancel: hold('cancel') },
};

let open: Awaited<ReturnType<typeof listen>>;
beforeAll(async () => {
  const context = { queue } as unknown as RouteContext;
  open = await listen(application(context, doorOf(token), '0', makeLogger('silent')), '127.0.0.1', 0);
});
afterAll(() => open.close());

const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };

describe('a run', () => {
  test.each(['pause', 'resume', 'cancel'])(
    'takes %s from a caller, under the name of the token',
    async (verb) => {
      const post = (of: string) =>
        fetch(new URL(`/v1/runs/${of}/${verb}`, open.url), {
          ...{ method: 'POST', headers: headers, body: '{}' },
        });
      expect((await post(id)).status).toBe(200);
      expect(held.at(-1)).toBe(`${verb} by ops`);
      expect((await post('0190f2a4-7c3e-7b1a-9d2f-3c4b5a697888')).status).toBe(409);
      expect((await post('nothing')).status).toBe(404);
    },
  );

  test.each([
    [{ waves: ['everything'] }, 'rollout.waves.0'],
    [{ maxFailures: -1 }, 'rollout.maxFailures'],
    [{ percent: 5 }, 'rollout'],
  ])('rolled out as %j is refused, naming the field', async (rollout, field) => {
    const answer = await fetch(new URL('/v1/reconcile', open.url), {
      ...{ method: 'POST', headers: headers },
      body: JSON.stringify({ scope: 'organization', rollout }),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining(field) });
  });

  test('is rolled out as asked', async () => {
    const rollout = { waves: ['300000000001+ou-a-b', '10%'], maxFailures: 2, parallel: 8 };
    await fetch(new URL('/v1/reconcile', open.url), {
      ...{ method: 'POST', headers: headers },
      body: JSON.stringify({ scope: 'organization', rollout }),
    });
    expect(asked.at(-1)).toMatchObject({ rollout });
  });
});
