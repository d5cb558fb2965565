import { expect, vi } from 'vitest';
import type { Leases } from '../../../../controlplane/queue/leases.ts';
import { databaseTest as test } from '../../../worlds/database.ts';
import { until } from '../../../worlds/until.ts';
import { leaseScene, rest } from './scene.ts';

vi.setConfig({ testTimeout: 60_000 });

const open = leaseScene();

test('limits of the fleet and of a Region hold over workers that contend', async () => {
  const limits = { fleet: 7, region: 3 };
  const workers = [open({ limits }), open({ limits }), open({ limits }), open({ limits })];
  const regions = ['eu-west-1', 'us-east-1', 'ap-south-1'];
  const keys = Array.from({ length: 60 }, (_, index) => {
    const region = regions[index % 3] as string;
    return { key: `region-${300_000_000_000 + index}-${region}`, region };
  });
  const held = new Map<string, number>();
  const wrong: string[] = [];
  let most = 0;
  const contend = async (leases: Leases) => {
    for (let round = 0; round < 15; round += 1) {
      const got = await leases.acquire([...keys, { key: 'organization' }].sort(() => Math.random() - 0.5));
      for (const { key } of got) held.set(key, 1);
      const stacks = [...held.keys()].filter((key) => key !== 'organization');
      most = Math.max(most, stacks.length);
      if (stacks.length > 7) wrong.push(`${stacks.length} at once`);
      for (const region of regions) {
        const here = stacks.filter((key) => key.endsWith(region)).length;
        if (here > 3) wrong.push(`${here} in ${region}`);
      }
      await rest(Math.random() * 5);
      for (const { key } of got) held.delete(key);
      await leases.release(got);
    }
  };
  await Promise.all(workers.map(contend));
  expect(wrong).toEqual([]);
  expect(most).toBe(7);
});

const inAccount = (account: string) =>
  ['eu-west-1', 'us-east-1', 'ap-south-1', 'sa-east-1'].map((region) => ({
    key: `region-${account}-${region}`,
    region,
  }));

test.each([
  ['where there are several workers', { limits: { account: 2 }, workers: () => 2 }],
  ['where another limit is counted', { limits: { account: 2, fleet: 100 } }],
])('the limit for an account holds over workers that contend, %s', async (_, settings) => {
  const [one, two] = ['300000000001', '300000000002'];
  const asked = [...inAccount(one), ...inAccount(two), { key: `account-${one}` }, { key: 'organization' }];
  const workers = [open(settings), open(settings), open(settings)];
  const got = (await Promise.all(workers.map((each) => each.acquire(asked)))).flat();
  const of = (account: string) => got.filter(({ key }) => key.includes(account)).length;
  expect([of(one), of(two), got.length]).toEqual([2, 2, 5]);
});

test('the last place goes to the most urgent key, in any order of names', async () => {
  const leases = open({ limits: { fleet: 2 } });
  const sweep = inAccount('300000000001').map((each) => ({ ...each, priority: 0 }));
  const got = await leases.acquire([...sweep, { key: 'region-300000000009-eu-west-1', priority: 100 }]);
  expect(got.map(({ key }) => key)).toContain('region-300000000009-eu-west-1');
  expect(got).toHaveLength(2);
});

test('a free place is reserved for the new account that was rejected a moment ago', async () => {
  const leases = open({ limits: { fleet: 1, account: 1 } });
  const [first, second] = inAccount('300000000001').map((each) => ({ ...each, priority: 0 }));
  const young = { key: 'account-300000000009', priority: 100 };
  const held = await leases.acquire([first as { key: string }]);
  expect(await leases.acquire([young])).toEqual([]);
  expect([leases.expects(young.key), leases.expects('hub')]).toEqual([true, false]);
  await leases.release(held);
  expect(await leases.acquire([second as { key: string }])).toEqual([]);
  expect(await leases.acquire([{ key: 'organization' }])).toHaveLength(1);
  expect(await leases.acquire([second as { key: string }, young])).toMatchObject([{ key: young.key }]);
  expect(leases.expects(young.key)).toBe(false);
});

test('a place is kept no longer than a moment for what does not come back', async () => {
  const leases = open({ limits: { fleet: 1 } });
  const held = await leases.acquire([{ key: 'hub' }]);
  await leases.acquire([{ key: 'account-300000000009', priority: 100 }]);
  await leases.release(held);
  expect(await leases.acquire([{ key: 'hub' }])).toEqual([]);
  await until(async () => (await leases.acquire([{ key: 'hub' }])).length === 1);
});
