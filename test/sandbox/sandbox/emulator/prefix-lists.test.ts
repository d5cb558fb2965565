import { EC2, paginateGetManagedPrefixListAssociations } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';

const [owner, user, outsider] = ['300000000001', '300000000002', '999999999999'];
let sandbox: Sandbox;
let ec2: EC2;
let PrefixListId: string;
let names = 0;

const clientOf = (accountId: string, region = 'eu-west-1') => new EC2(sandbox.root(accountId, region));

beforeAll(async () => {
  sandbox = await startSandbox();
  ec2 = clientOf(owner);
});
afterAll(() => sandbox?.stop());
beforeEach(async () => {
  names += 1;
  const { PrefixList } = await ec2.createManagedPrefixList({
    PrefixListName: `list-${names}`,
    MaxEntries: 3,
    AddressFamily: 'IPv4',
    Entries: [{ Cidr: '10.0.0.0/8', Description: 'office & lab' }],
    TagSpecifications: [{ ResourceType: 'prefix-list', Tags: [{ Key: 'owner', Value: 'network' }] }],
  });
  expect(PrefixList?.Version).toBe(1);
  PrefixListId = PrefixList?.PrefixListId ?? '';
});

const edit = (CurrentVersion: number, AddEntries: { Cidr: string }[], RemoveEntries?: { Cidr: string }[]) =>
  ec2.modifyManagedPrefixList({ PrefixListId, CurrentVersion, AddEntries, RemoveEntries });
const restore = (CurrentVersion: number, PreviousVersion: number) =>
  ec2.restoreManagedPrefixListVersion({ PrefixListId, CurrentVersion, PreviousVersion });
async function entries(client = ec2, TargetVersion?: number) {
  const found = await client.getManagedPrefixListEntries({ PrefixListId, TargetVersion });
  return found.Entries?.map(({ Cidr }) => Cidr);
}
async function version(client = ec2) {
  const found = await client.describeManagedPrefixLists({ PrefixListIds: [PrefixListId] });
  return found.PrefixLists?.map(({ Version, OwnerId }) => ({ Version, OwnerId }));
}

/** A new group of an account that allows the list. */
async function groupWithList(accountId: string, region = 'eu-west-1', prefixListId = PrefixListId) {
  names += 1;
  const client = clientOf(accountId, region);
  const made = { GroupName: `group-${names}`, Description: 'test' };
  const { GroupId = '' } = await client.createSecurityGroup(made);
  const PrefixListIds = [{ PrefixListId: prefixListId, Description: 'partners' }];
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, PrefixListIds }];
  await client.authorizeSecurityGroupIngress({ GroupId, IpPermissions });
  return GroupId;
}

test('lists are found by their ids as a filter, those of other accounts too', async () => {
  const Filters = [{ Name: 'prefix-list-id', Values: [PrefixListId, 'pl-0000000000000dead'] }];
  const { PrefixLists } = await clientOf(user).describeManagedPrefixLists({ Filters });
  expect(PrefixLists?.map((list) => list.PrefixListId)).toEqual([PrefixListId]);
});

describe('the versions of a prefix list', () => {
  test('are kept, and an earlier one restored becomes a new one', async () => {
    await edit(1, [{ Cidr: '0.0.0.0/0' }], [{ Cidr: '10.0.0.0/8' }]);
    expect(await entries()).toEqual(['0.0.0.0/0']);
    expect(await entries(ec2, 1)).toEqual(['10.0.0.0/8']);
    await edit(2, [{ Cidr: '192.0.2.0/24' }], [{ Cidr: '0.0.0.0/0' }]);
    const { PrefixList } = await restore(3, 2);
    expect(PrefixList).toMatchObject({ Version: 4, State: 'restore-complete', PrefixListId });
    expect(await entries()).toEqual(['0.0.0.0/0']);
    expect(await entries(ec2, 3)).toEqual(['192.0.2.0/24']);
    expect(await version()).toEqual([{ Version: 4, OwnerId: owner }]);
  });

  test.each([
    [
      'an edit of a version that is not the last',
      () => edit(2, [{ Cidr: '0.0.0.0/0' }]),
      'PrefixListVersionMismatch',
    ],
    ['a restore onto a version that is not the last', () => restore(2, 1), 'PrefixListVersionMismatch'],
    ['a restore of a version that never was', () => restore(1, 7), 'InvalidPrefixListVersion.NotFound'],
    [
      'more entries than it holds',
      () =>
        edit(
          1,
          ['1', '2', '3'].map((n) => ({ Cidr: `${n}.0.0.0/8` })),
        ),
      'PrefixListMaxEntriesExceeded',
    ],
  ])('stay as they are after %s', async (_, call, name) => {
    await expect(call()).rejects.toMatchObject({ name });
    expect(await entries()).toEqual(['10.0.0.0/8']);
    expect(await version()).toEqual([{ Version: 1, OwnerId: owner }]);
  });

  test('do not change with a new name alone', async () => {
    const PrefixListName = 'renamed';
    await ec2.modifyManagedPrefixList({ PrefixListId, PrefixListName });
    expect(await version()).toEqual([{ Version: 1, OwnerId: owner }]);
  });
});

describe('the users of a prefix list', () => {
  const associations = async (client = ec2) =>
    (await client.getManagedPrefixListAssociations({ PrefixListId })).PrefixListAssociations;

  test('are the groups of every account of the organization in that Region', async () => {
    const own = await groupWithList(owner);
    const theirs = await groupWithList(user);
    await groupWithList(user, 'eu-central-1');
    await groupWithList(outsider);
    await groupWithList(user, 'eu-west-1', 'pl-0123456789abcdef0');
    expect(await associations()).toEqual(
      expect.arrayContaining([
        { ResourceId: own, ResourceOwner: owner },
        { ResourceId: theirs, ResourceOwner: user },
      ]),
    );
    expect(await associations()).toHaveLength(2);
  });

  test('come in pages', async () => {
    const made = [];
    for (let left = 7; left > 0; left -= 1) made.push(await groupWithList(owner));
    const found: (string | undefined)[] = [];
    let pages = 0;
    for await (const page of paginateGetManagedPrefixListAssociations(
      { client: ec2, pageSize: 5 },
      { PrefixListId },
    )) {
      pages += 1;
      found.push(...(page.PrefixListAssociations ?? []).map(({ ResourceId }) => ResourceId));
    }
    expect(pages).toBe(2);
    expect(found.sort()).toEqual(made.sort());
  });

  test('are the owner\u2019s alone to list', async () => {
    await expect(associations(clientOf(user))).rejects.toMatchObject({
      name: 'InvalidPrefixListID.NotFound',
    });
  });
});

describe('another account', () => {
  test('of the organization reads the list, with its owner, and cannot change it', async () => {
    const reader = clientOf(user);
    expect(await entries(reader)).toEqual(['10.0.0.0/8']);
    expect(await version(reader)).toEqual([{ Version: 1, OwnerId: owner }]);
    const change = { PrefixListId, CurrentVersion: 1, AddEntries: [{ Cidr: '0.0.0.0/0' }] };
    await expect(reader.modifyManagedPrefixList(change)).rejects.toMatchObject({
      name: 'InvalidPrefixListID.NotFound',
    });
    expect(await entries()).toEqual(['10.0.0.0/8']);
  });

  test('outside of it, and another Region, do not find it', async () => {
    for (const stranger of [clientOf(outsider), clientOf(user, 'eu-central-1')]) {
      await expect(entries(stranger)).rejects.toMatchObject({ name: 'InvalidPrefixListID.NotFound' });
      expect(await version(stranger)).toEqual([]);
    }
  });
});
