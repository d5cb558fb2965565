import { describe, expect } from 'vitest';
import { fillFleet } from '../../../../bench/fleet-sample.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { httpWorld, token } from './world.ts';

const world = httpWorld();
const one = '300000000001';
test.beforeEach(async ({ database }) => fillFleet(database.query, 5, 3));

/** Every item of a list, by pages of so many. */
async function walk(
  path: string,
  name: string,
  limit: number,
  between: () => Promise<unknown> = async () => undefined,
) {
  const items: Record<string, string>[] = [];
  const totals = new Set<number>();
  for (let cursor: string | null = null; ; ) {
    const separator = path.includes('?') ? '&' : '?';
    const { body } = await world.ask(
      `${path}${separator}limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
    );
    expect(body[name].length).toBeLessThanOrEqual(limit);
    items.push(...body[name]);
    totals.add(body.total);
    cursor = body.next;
    if (!cursor) return { items, totals: [...totals] };
    await between();
  }
}

describe.each([
  ['/v1/stacks', 'stacks', 21, (item: Record<string, string>) => item.key],
  ['/v1/accounts', 'accounts', 5, ({ id }: Record<string, string>) => id],
  ['/v1/coverage', 'cells', 15, ({ account, region }: Record<string, string>) => `${account} ${region}`],
] as const)('GET %s', (path, name, count, idOf) => {
  test('gives every item once, in pages, each with the count of all', async () => {
    const whole = await walk(path, name, 100);
    expect(whole.items).toHaveLength(count);
    const { items, totals } = await walk(path, name, 2);
    expect(items.map(idOf)).toEqual(whole.items.map(idOf));
    expect(new Set(items.map(idOf)).size).toBe(count);
    expect(totals).toEqual([count]);
  });

  test.each([
    ['limit=0', /^limit: /],
    ['limit=501', /^limit: /],
    ['account=12', /^account: must be a 12-digit/],
    ['region=mars', /^region: must be a Region such as/],
    ['organizationalUnit=Production', /^organizationalUnit: must be an organizational unit/],
    ['cursor=nonsense', /^cursor: is not one that this list gave/],
    ['colour=red', /colour/],
  ])('refuses ?%s and names the field', async (query, message) => {
    expect(await world.ask(`${path}?${query}`)).toMatchObject({
      ...{ status: 400, code: 'invalid-request', message: expect.stringMatching(message) },
    });
  });

  test('refuses a cursor that is too long in its own words, where Node would answer 431', async () => {
    expect(await world.ask(`${path}?cursor=${'x'.repeat(20_000)}`)).toMatchObject({
      ...{ status: 400, message: expect.stringMatching(/^cursor: .*4000/) },
    });
  });

  test('refuses a cursor of other filters, and one whose position is not of the list', async () => {
    const { next } = (await world.ask(`${path}?limit=1`)).body;
    expect(await world.ask(`${path}?limit=1&account=${one}&cursor=${next}`)).toMatchObject({
      ...{
        status: 400,
        message: expect.stringMatching(/^cursor: belongs to another list, or to other filters/),
      },
    });
    const [bound, total] = JSON.parse(Buffer.from(next, 'base64url').toString());
    for (const position of [[], ['x'], ['perhaps\0', 'x', 'y'], ['a\0', 'b', 'c', 'd']]) {
      const forged = Buffer.from(JSON.stringify([bound, total, position])).toString('base64url');
      expect(await world.ask(`${path}?cursor=${forged}`)).toMatchObject({
        status: 400,
        code: 'invalid-request',
      });
    }
  });

  test('filters by account, Region and organizational unit, and counts what matches', async () => {
    for (const [query, wanted] of [
      [`account=${one}`, (id: string) => id.includes(one)],
      ['region=eu-west-2', (id: string) => name === 'accounts' || id.endsWith('eu-west-2')],
      ['organizationalUnit=ou-root-3', (id: string) => id.includes('300000000003')],
    ] as const) {
      const all = (await walk(path, name, 100)).items.map((item) => String(idOf(item)));
      const { items, totals } = await walk(`${path}?${query}`, name, 2);
      expect(items.map(idOf).sort()).toEqual(all.filter(wanted).sort());
      expect(totals).toEqual([items.length]);
    }
  });
});

test('an item that is added or deleted between two pages moves no other', async ({ database: { query } }) => {
  const before = (await walk('/v1/stacks', 'stacks', 100)).items.map(({ key }) => key);
  let times = 0;
  const { items } = await walk('/v1/stacks', 'stacks', 4, async () => {
    times += 1;
    if (times === 1) await query(`delete from stack where key = 'hub'`);
    if (times === 2)
      await query(
        `insert into stack (key, kind, account_id, updated_at) values ('account-100000000000', 'account', '100000000000', now())`,
      );
  });
  expect(items.map(({ key }) => key)).toEqual(before);
});

test('stacks and accounts are found by a condition; one that was never set is Unknown', async ({
  database: { query },
}) => {
  const ready = (status: string) =>
    JSON.stringify({ Ready: { status, reason: 'Failed', message: 'x', since: '2026-03-02T09:15:00Z' } });
  await query(`update stack set conditions = $1 where key = 'account-${one}'`, [ready('False')]);
  await query(`update stack set conditions = '{}' where key = 'hub'`);
  const keys = async (condition: string) =>
    (await walk(`/v1/stacks?condition=${condition}`, 'stacks', 100)).items.map(({ key }) => key);
  expect(await keys('Ready:False')).toEqual([`account-${one}`]);
  expect(await keys('Ready:Unknown')).toEqual(['hub']);
  await query(`update account set conditions = $1 where id = '${one}'`, [ready('False')]);
  const { items } = await walk('/v1/accounts?condition=Ready:False&state=ACTIVE', 'accounts', 100);
  expect(items.map(({ id }) => id)).toEqual([one]);
  expect(await world.ask('/v1/stacks?condition=Ready')).toMatchObject({
    ...{ status: 400, message: expect.stringMatching(/^condition: must be a condition and its status/) },
  });
});

test('a cell without a stack of its own is not covered by the stack of its account', async ({
  database: { query },
}) => {
  await query(`delete from stack where key = 'region-${one}-eu-west-1'`);
  await query(
    `update account set regions = jsonb_set(regions, '{1,trail}', '{"covered": "unknown", "reason": "denied"}') where id = '${one}'`,
  );
  const { items } = await walk(`/v1/coverage?account=${one}`, 'cells', 100);
  expect(items).toMatchObject([
    { region: 'eu-west-1', forwarding: 'Unknown', trail: true, coverage: 'not-checked' },
    { region: 'eu-west-2', forwarding: 'True', trail: 'unknown', coverage: 'not-checked' },
    { region: 'eu-west-3', forwarding: 'True', trail: true, coverage: 'covered', verified: 'yes' },
  ]);
  const open = await walk('/v1/coverage?coverage=not-checked', 'cells', 100);
  expect(open.items.map(({ region }) => region)).toEqual(['eu-west-1', 'eu-west-2']);
});

test('a page is gzip where the caller takes it, and the export of the audit log is not', async () => {
  const ask = (path: string, encoding: string) =>
    fetch(world.url + path, { headers: { authorization: `Bearer ${token}`, 'accept-encoding': encoding } });
  const small = await ask('/v1/stacks', 'gzip');
  expect(small.headers.get('content-encoding')).toBe('gzip');
  expect(((await small.json()) as { stacks: unknown[] }).stacks).toHaveLength(21);
  expect((await ask('/v1/stacks', 'identity')).headers.get('content-encoding')).toBeNull();
  expect((await ask('/v1/audit/export', 'gzip')).headers.get('content-encoding')).toBeNull();
});
