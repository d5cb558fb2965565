import { expect, test } from 'vitest';
import type { Aws } from '../../../../../controlplane/aws/clients.ts';
import { enabledCells } from '../../../../../controlplane/sweep/standalone/cells.ts';
import { fakeClient, refusal } from '../cell-sample.ts';

/** Accounts whose Regions are these, or cannot be read. */
function cloud(regions: Readonly<Record<string, readonly string[] | Error>>) {
  const aws: Pick<Aws, 'caller' | 'ec2'> = {
    caller: async () => ({ accountId: '111111111111', partition: 'aws' }),
    ec2: async (accountId) => {
      const given = regions[accountId] ?? [];
      const names = given instanceof Error ? [] : given;
      const Regions = names.map((RegionName) => ({ RegionName }));
      return fakeClient({ DescribeRegions: given instanceof Error ? given : { Regions } }).client;
    },
  };
  const accounts = Object.keys(regions).map((id) => ({ id }));
  return (covers: (region: string) => boolean = () => true) =>
    enabledCells(aws, accounts, 'us-east-1', covers);
}

test('every account has a cell in each of its Regions, neighbours in different ones', async () => {
  const { cells, unread } = await cloud({ a: ['r1', 'r2'], b: ['r1', 'r2', 'r3'] })();
  expect(cells.map(({ accountId, region }) => `${accountId} ${region}`)).toEqual([
    'a r1',
    'b r2',
    'a r2',
    'b r3',
    'b r1',
  ]);
  expect(unread).toEqual([]);
});

test('Regions outside the scope have none', async () => {
  const { cells } = await cloud({ a: ['r1', 'r2'] })((region) => region === 'r2');
  expect(cells.map(({ region }) => region)).toEqual(['r2']);
});

test('an account whose Regions cannot be read is named with the error', async () => {
  const error = refusal('UnauthorizedOperation');
  const { cells, unread } = await cloud({ a: error, b: ['r1'] })();
  expect(cells).toHaveLength(1);
  expect(unread).toMatchObject([{ account: { id: 'a' }, error }]);
});
