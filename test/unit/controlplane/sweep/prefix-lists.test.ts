import { expect, test } from 'vitest';
import { prefixListCache, resolvePrefixLists } from '../../../../controlplane/sweep/prefix-lists.ts';
import { type Answers, fakeClient, refusal } from './cell-sample.ts';

const list = (id: string, more: object = {}) => ({
  ...{ PrefixListId: id, OwnerId: '111111111111', Version: 1, State: 'create-complete' },
  ...more,
});
const entries = { Entries: [{ Cidr: '52.0.0.0/8' }] };
const cache = prefixListCache();

function resolving(answers: Answers, shared = prefixListCache()) {
  const { client: ec2, asked } = fakeClient(answers);
  const isCovered = (account: string) => account === '111111111111';
  const resolve = (...ids: string[]) =>
    resolvePrefixLists({ ec2, region: 'eu-west-1', cache: shared, isCovered }, ids);
  return { resolve, names: () => asked.map(({ name }) => name) };
}

test('the ranges of a list of the organization', async () => {
  const { resolve } = resolving({
    DescribeManagedPrefixLists: { PrefixLists: [list('pl-1')] },
    GetManagedPrefixListEntries: entries,
  });
  expect(await resolve('pl-1')).toEqual(new Map([['pl-1', { kind: 'entries', cidrs: ['52.0.0.0/8'] }]]));
});

test('a list of an account that is not covered names its owner', async () => {
  const { resolve } = resolving({
    DescribeManagedPrefixLists: { PrefixLists: [list('pl-1', { OwnerId: '999999999999' })] },
    GetManagedPrefixListEntries: entries,
  });
  expect((await resolve('pl-1')).get('pl-1')).toMatchObject({ unseenOwner: '999999999999' });
});

test("AWS's own lists are named, and their entries are not read", async () => {
  const aws = list('pl-1', { OwnerId: 'AWS', PrefixListName: 'com.amazonaws.global.cloudfront' });
  const { resolve, names } = resolving({ DescribeManagedPrefixLists: { PrefixLists: [aws] } });
  expect((await resolve('pl-1')).get('pl-1')).toEqual({
    kind: 'aws',
    name: 'com.amazonaws.global.cloudfront',
  });
  expect(names()).toEqual(['DescribeManagedPrefixLists']);
});

test.each<[string, Answers]>([
  ['is not listed', { DescribeManagedPrefixLists: { PrefixLists: [] } }],
  [
    'is being edited',
    { DescribeManagedPrefixLists: { PrefixLists: [list('pl-1', { State: 'modify-in-progress' })] } },
  ],
  ['cannot be listed', { DescribeManagedPrefixLists: refusal('UnauthorizedOperation') }],
  [
    'has entries that cannot be read',
    {
      DescribeManagedPrefixLists: { PrefixLists: [list('pl-1')] },
      GetManagedPrefixListEntries: refusal('UnauthorizedOperation'),
    },
  ],
])('a list that %s is unknown', async (_, answers) => {
  expect((await resolving(answers).resolve('pl-1')).get('pl-1')?.kind).toBe('unknown');
});

test('entries are read once for each version', async () => {
  const answers = (Version: number) => ({
    DescribeManagedPrefixLists: { PrefixLists: [list('pl-1', { Version })] },
    GetManagedPrefixListEntries: entries,
  });
  const [first, again, edited] = [1, 1, 2].map((version) => resolving(answers(version), cache));
  for (const each of [first, again, edited]) await each?.resolve('pl-1');
  expect([first, again, edited].map((each) => each?.names().length)).toEqual([2, 1, 2]);
});

test('a failed read of entries is not kept', async () => {
  const shared = prefixListCache();
  const answers = { DescribeManagedPrefixLists: { PrefixLists: [list('pl-1')] } };
  await resolving(
    { ...answers, GetManagedPrefixListEntries: refusal('UnauthorizedOperation') },
    shared,
  ).resolve('pl-1');
  const later = await resolving({ ...answers, GetManagedPrefixListEntries: entries }, shared).resolve('pl-1');
  expect(later.get('pl-1')?.kind).toBe('entries');
});
