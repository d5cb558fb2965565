import { afterEach, beforeEach, describe, expect, vi } from 'vitest';
import { command } from '../../../../controlplane/cli/command.ts';
import { version } from '../../../../controlplane/stacks/generation.ts';
import type { AuditEntry } from '../../../../controlplane/store/audit/entries.ts';
import type { Store } from '../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld, token } from './world.ts';

const world = httpWorld();
const account = '300000000001';
const append = (n: number, more: Partial<AuditEntry> = {}) =>
  world.store.audit.append({
    ...{ who: 'ops', what: 'stack changed', details: { key: `region-${account}-eu-west-1`, n } },
    ...more,
  });

/** The text of an answer, for a caller named ops. */
const get = async (path: string, authorization = `Bearer ${token}`) => {
  const response = await fetch(world.url + path, { headers: { authorization } });
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
};
const linesOf = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));

let from: string;
beforeEach(async () => {
  from = (await world.store.audit.list(1))[0]?.id ?? '0';
});

describe('GET /v1/audit', () => {
  test('gives pages newest first, each with the id that the next is after, and the program of each line', async () => {
    for (const n of [1, 2, 3]) await append(n);
    const first = await world.ask('/v1/audit?limit=2');
    expect(first.body).toMatchObject({
      audit: [{ details: { n: 3 }, serviceVersion: version }, { details: { n: 2 } }],
      next: first.body.audit[1].id,
    });
    const { body } = await world.ask(`/v1/audit?limit=1&after=${first.body.next}`);
    expect(body.audit).toMatchObject([{ details: { n: 1 } }]);
  });

  test('filters by who, what, account and time', async () => {
    await append(1, { who: 'someone' });
    await append(2, { who: 'someone', what: 'stack failed' });
    await append(3, { who: 'someone', details: { account: '300000000002', n: 3 } });
    const found = async (query: string) =>
      (await world.ask(`/v1/audit?who=someone&${query}`)).body.audit.map(
        ({ details }: AuditEntry) => details.n,
      );
    expect(await found('what=stack%20failed')).toEqual([2]);
    expect(await found(`account=${account}`)).toEqual([2, 1]);
    expect(await found('since=2100-01-01T00:00:00Z')).toEqual([]);
    expect(await found('until=2100-01-01T00:00:00%2B02:00')).toEqual([3, 2, 1]);
  });

  test.each([
    ['since=yesterday', /^since: must be a time such as/],
    ['since=0000-01-01T00:00:00Z', /^since: must be from 1970 to 9999/],
    ['until=9999-12-31T23:59:00-01:00', /^until: must be from 1970 to 9999/],
    ['who=a%00b', /^who: a NUL character/],
    [`who=${'x'.repeat(201)}`, /^who: /],
    ['what=everything', /^what: must be one of: run requested, /],
    ['account=12', /^account: must be a 12-digit/],
    ['after=-1', /^after: must be the id of a line/],
    ['limit=0', /^limit: /],
    ['form=short', /form/],
  ])('refuses ?%s and names the field', async (query, message) => {
    expect(await world.ask(`/v1/audit?${query}`)).toMatchObject({
      ...{ status: 400, code: 'invalid-request', message: expect.stringMatching(message) },
    });
  });
});

describe('GET /v1/audit/export', () => {
  test('gives JSON lines, oldest first, and leaves a line of its own: who took how much', async () => {
    for (let n = 0; n < 1001; n += 1) await append(n);
    const { status, type, text } = await get(`/v1/audit/export?after=${from}&what=stack%20changed`);
    expect([status, type]).toEqual([200, 'application/x-ndjson']);
    const lines = linesOf(text);
    expect(lines.map(({ details }) => details.n)).toEqual(Array.from({ length: 1001 }, (_, n) => n));
    expect((await world.store.audit.list(1))[0]).toMatchObject({
      ...{ who: 'ops', what: 'exported' },
      details: { what: 'stack changed', after: from, lines: 1001, last: lines.at(-1).id, complete: true },
    });
  });

  test('of nothing is empty, and asks for a token like everything else', async () => {
    expect(await get('/v1/audit/export?since=2100-01-01T00:00:00Z')).toMatchObject({ status: 200, text: '' });
    expect(await get('/v1/audit/export', 'Bearer wrong')).toMatchObject({ status: 401 });
    expect(await get('/v1/audit/export?limit=3')).toMatchObject({ status: 400 });
  });

  test('that fails before its first line is an error; later, a broken connection and no short file', async () => {
    const { lines } = world.store.audit;
    try {
      const failing = (after: number): Store['audit']['lines'] =>
        async function* () {
          for (let n = 0; n < after; n += 1) yield [`{"id":"${n}"}`];
          throw new Error('connection terminated');
        };
      Object.assign(world.store.audit, { lines: failing(0) });
      expect(await get('/v1/audit/export')).toMatchObject({
        ...{ status: 500, text: expect.stringContaining('"internal"') },
      });
      Object.assign(world.store.audit, { lines: failing(3) });
      await expect(get('/v1/audit/export')).rejects.toThrow('terminated');
    } finally {
      Object.assign(world.store.audit, { lines });
    }
    expect((await world.store.audit.list(1))[0]).toMatchObject({
      details: { lines: 3, last: '2', complete: false },
    });
  });

  test('is read from the database only as fast as the reader takes it', async () => {
    const { lines } = world.store.audit;
    let made = 0;
    try {
      Object.assign(world.store.audit, {
        async *lines() {
          for (; made < 1000; made += 1)
            yield [JSON.stringify({ id: String(made), text: 'x'.repeat(100_000) })];
        },
      });
      const response = await fetch(`${world.url}/v1/audit/export`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const reader = response.body?.getReader();
      await reader?.read();
      const paused = made;
      expect(paused).toBeLessThan(500);
      await reader?.cancel();
      await vi.waitFor(async () =>
        expect((await world.store.audit.list(1))[0]).toMatchObject({ details: { complete: false } }),
      );
      expect(made).toBeLessThan(1000);
    } finally {
      Object.assign(world.store.audit, { lines });
    }
  });
});

test('GET /v1/audit/verify says whether the sealed lines are as they were', async () => {
  await append(1);
  const seal = await world.store.audit.seal();
  expect((await world.ask('/v1/audit/verify')).body).toMatchObject({
    ...{ intact: true, broken: null, last: { hash: seal?.hash } },
  });
});

describe('portcullis audit', () => {
  beforeEach(() => {
    vi.stubEnv('PORTCULLIS_URL', world.url);
    vi.stubEnv('PORTCULLIS_TOKEN', token);
  });
  afterEach(() => vi.unstubAllEnvs());
  const cli = async (...args: string[]) => {
    let out = '';
    let complaint = '';
    const write = (text: string) => (out += text);
    const exit = await command(['audit', ...args], { write }, (text) => (complaint += text));
    return { exit, out, complaint };
  };

  test('shows the newest lines in a table', async () => {
    await append(7, { who: 'ann' });
    const { exit, out } = await cli('--who', 'ann', '--limit', '1');
    expect(exit).toBe(0);
    expect(out).toMatch(/^ID +TIME +WHO +WHAT +DETAILS\n\d+ +\S+Z +ann +stack changed +/);
    expect(out).toContain(`key=region-${account}-eu-west-1`);
  });

  test('--jsonl gives the lines of the API, each whole', async () => {
    for (let n = 0; n < 1001; n += 1) await append(n);
    const { exit, out } = await cli('--jsonl', '--after', from);
    expect(exit).toBe(0);
    expect(linesOf(out).map(({ details }) => details.n)).toEqual(Array.from({ length: 1001 }, (_, n) => n));
  });

  test('--jsonl that breaks off fails and says where to go on', async () => {
    const { lines } = world.store.audit;
    try {
      Object.assign(world.store.audit, {
        async *lines() {
          yield ['{"id":"41"}', '{"id":"42"}'];
          await new Promise((later) => setImmediate(later));
          throw new Error('connection terminated');
        },
      });
      const { exit, complaint } = await cli('--jsonl');
      expect([exit, complaint]).toEqual([
        1,
        expect.stringMatching(/the export broke off; continue (--after 42|without --after)/),
      ]);
    } finally {
      Object.assign(world.store.audit, { lines });
    }
  });

  test('--verify says what holds: 0, or which lines do not: 1', async () => {
    await append(1);
    await world.store.audit.seal();
    expect(await cli('--verify')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^intact: \d+ lines/),
    });
    const { check } = world.store.audit;
    const broken = { after: '3', through: '9', why: 'a line is not what it was' };
    Object.assign(world.store.audit, { check: async () => ({ ...(await check()), intact: false, broken }) });
    try {
      expect(await cli('--verify')).toMatchObject({
        exit: 1,
        out: expect.stringMatching(/^NOT INTACT: lines 3 to 9: a line is not what it was/),
      });
    } finally {
      Object.assign(world.store.audit, { check });
    }
  });

  test('wrong use is 2, and names the field', async () => {
    expect(await cli('--nonsense')).toMatchObject({
      exit: 2,
      complaint: expect.stringContaining('--nonsense'),
    });
    expect(await cli('--since', 'yesterday')).toMatchObject({
      ...{ exit: 2, complaint: expect.stringContaining('since: must be a time') },
    });
    expect(await cli('--help')).toMatchObject({ exit: 0, out: expect.stringContaining('--verify') });
  });
});
