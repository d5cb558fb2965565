import { describe, expect } from 'vitest';
import type { Database } from '../../../../../controlplane/store/database/database.ts';
import { foldCounts, removeEmptyCounts } from '../../../../../controlplane/store/findings/counts.ts';
import {
  type FindingFilter,
  type FindingPage,
  findingSorts,
} from '../../../../../controlplane/store/findings/list.ts';
import type { Store } from '../../../../../controlplane/store/store.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { observed, reading } from '../../../../worlds/finding-sample.ts';

let database: Database;
let store: Store;
const one = '300000000001';
const two = '300000000002';

/** Findings of three cells; some are excepted, some ended, and those of one cell are 40 days old. */
test.beforeEach(async ({ database: given, store: opened }) => {
  database = given;
  store = opened;
  await store.accounts.seen(
    [one, two].map((id) => ({
      ...{ id, name: id, state: 'ACTIVE' as const, path: 'Root', joinedAt: null, unitNames: [] },
      parents: id === one ? ['r-1', 'ou-one'] : ['r-1', 'ou-two'],
    })) as never,
    await store.now(),
  );
  const now = await store.now();
  const ago = (days: number) => new Date(now.getTime() - days * 86_400_000);
  const port = (fromPort: number, change = {}) =>
    observed({ fromPort, toPort: fromPort, ruleId: `sgr-${fromPort}`, ...change });
  const owner = { by: 'group-tag', tag: 'team', value: 'shop' } as const;
  const exceptions = [{ name: 'x', expires: null }];
  const exposure = { level: 'unattached', why: 'no interface', addresses: [] } as const;
  const cell = (accountId: string, region: string, days: number, findings: ReturnType<typeof port>[]) =>
    store.findings.recordCell(reading(0, findings, { accountId, region, readAt: ago(days) }));
  await cell(one, 'eu-west-1', 40, [
    port(22),
    port(23, { severity: 'low', exposure }),
    port(24, { owner, exceptions }),
  ]);
  await cell(one, 'us-east-1', 10, [
    port(22, { policyRule: 'databases', severity: null }),
    port(25, { owner }),
  ]);
  await cell(two, 'eu-west-1', 5, [
    port(22),
    port(23, { severity: 'high' }),
    port(26, { owner, severity: 'medium' }),
  ]);
  await cell(two, 'eu-west-1', 4, [port(22), port(23, { severity: 'high' })]);
}, 60_000);

const whole = async (filter: FindingFilter, limit = 100) => {
  const items = [];
  let counts: FindingPage['counts'];
  for (let after: readonly string[] | undefined, first = true; first || after; first = false) {
    const page = await store.findings.page(filter, { limit, after });
    items.push(...page.items);
    counts ??= page.counts;
    after = page.last;
  }
  return { items, counts };
};

const filters: [string, FindingFilter, number][] = [
  ['nothing', {}, 8],
  ['an account', { account: one }, 5],
  ['an account without findings', { account: '300000000009' }, 0],
  ['a unit', { organizationalUnit: 'ou-two' }, 3],
  ['the root', { organizationalUnit: 'r-1' }, 8],
  ['a unit that does not exist', { organizationalUnit: 'ou-none' }, 0],
  ['a Region', { region: 'eu-west-1' }, 6],
  ['a severity', { severity: 'critical' }, 4],
  ['no severity', { severity: 'none' }, 1],
  ['an exposure', { exposure: 'unattached' }, 1],
  ['a state', { state: 'open' }, 6],
  ['an ended state', { state: 'resolved' }, 1],
  ['an owner', { owner: 'shop' }, 3],
  ['a policy rule', { policyRule: 'databases' }, 1],
  ['an age', { olderThan: 10 }, 5],
  ['an age of no days', { olderThan: 0 }, 8],
  ['a greater age', { olderThan: 11 }, 3],
  ['an age and a state', { olderThan: 10, state: 'open' }, 4],
  ['a Region and an owner', { region: 'eu-west-1', owner: 'shop' }, 2],
  ['a Region and an age', { region: 'eu-west-1', olderThan: 30 }, 3],
  ['a Region and a lower age', { region: 'eu-west-1', olderThan: 4 }, 6],
  ['a Region and a policy rule', { region: 'us-east-1', policyRule: 'databases' }, 1],
  ['a policy rule and an age', { policyRule: 'admin-ports', olderThan: 10 }, 4],
  ['a Region, a policy rule and an age', { region: 'us-east-1', policyRule: 'admin-ports', olderThan: 9 }, 1],
  ['a unit and a Region', { organizationalUnit: 'ou-one', region: 'eu-west-1' }, 3],
  ['an account and an age', { account: one, olderThan: 30, severity: 'critical' }, 2],
];

describe.each([false, true])('the list of findings, with its counts folded: %s', (folded) => {
  test.beforeEach(async () => {
    if (folded) await foldCounts(database);
  });

  test.each(filters)('by %s has the findings and their counts', async (_, filter, count) => {
    const { items, counts } = await whole(filter, 2);
    expect(items).toHaveLength(count);
    expect(new Set(items.map(({ id }) => id)).size).toBe(count);
    const counted = (of: (item: (typeof items)[number]) => string) =>
      Object.fromEntries([...Map.groupBy(items, of)].map(([name, group]) => [name, group.length]));
    const zero = { open: 0, excepted: 0, remediated: 0, resolved: 0 };
    expect(counts?.state).toEqual({ ...zero, ...counted(({ state }) => state) });
    expect(counts?.severity).toMatchObject(counted(({ severity }) => severity ?? 'none'));
    expect(counts?.exposure).toMatchObject(counted(({ exposure }) => exposure));
  });
});

test.each(findingSorts)('sorted by %s, pages of one are the same as the whole', async (sort) => {
  const all = await whole({ sort });
  expect((await whole({ sort }, 1)).items).toEqual(all.items);
  expect(all.items).toHaveLength(8);
});

test('the most severe and oldest come first', async () => {
  const { items } = await whole({});
  const order = ['critical', 'high', 'medium', 'low', null];
  const ranks = items.map(({ severity }) => order.indexOf(severity));
  expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
  expect(items[0]).toMatchObject({ accountId: one, region: 'eu-west-1' });
});

test('counts stay right where findings are removed, and leave no row of nothing', async () => {
  await database.query(`delete from finding where state = 'resolved'`);
  await foldCounts(database);
  expect((await whole({})).counts?.state).toEqual({ open: 6, excepted: 1, remediated: 0, resolved: 0 });
  await database.query('delete from finding');
  await foldCounts(database);
  await removeEmptyCounts(database);
  expect(await database.query('select * from finding_count')).toEqual([]);
  expect(await database.query('select * from finding_count_change')).toEqual([]);
});

test('a reading that changes nothing leaves no change of the counts', async () => {
  await foldCounts(database);
  const [last] = (await whole({ account: two, state: 'open' })).items;
  const { items } = await whole({ account: two, state: 'open' });
  const again = items.map(({ fromPort, severity }) =>
    observed({ fromPort, toPort: fromPort, ruleId: `sgr-${fromPort}`, severity }),
  );
  await store.findings.recordCell(
    reading(0, again, { accountId: two, region: 'eu-west-1', readAt: await store.now() }),
  );
  expect(await database.query('select * from finding_count_change')).toEqual([]);
  expect((await whole({ account: two, state: 'open' })).items[0]?.lastSeen).not.toEqual(last?.lastSeen);
});

test('one finding comes with its history, the newest change first', async () => {
  const resolved = (await whole({ state: 'resolved' })).items[0];
  const found = await store.findings.get(resolved?.id ?? '');
  expect(found).toMatchObject({
    ...{ state: 'resolved', owner: { by: 'group-tag', tag: 'team', value: 'shop' } },
    history: [
      { from: 'open', to: 'resolved', cause: 'sweep', causeId: 'sweep-0' },
      { from: null, to: 'open', cause: 'sweep', causeId: 'sweep-0' },
    ],
  });
  expect(await store.findings.get('f-none')).toBeUndefined();
});
