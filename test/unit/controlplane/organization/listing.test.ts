import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { describe, expect, test } from 'vitest';
import { accountState, readOrganization } from '../../../../controlplane/organization/listing.ts';

interface Answers {
  /** Accounts by the id of their parent, the units by theirs. */
  readonly accounts: Record<string, string[]>;
  readonly units: Record<string, string[]>;
  readonly listed: string[];
  /** Where accounts are once the lists were read, by their id. */
  readonly now?: Record<string, string>;
}
type Input = { ParentId?: string; NextToken?: string; AccountId?: string; ChildId?: string };

/** AWS Organizations that answers two items a page, each answer read from `answers` at the time of the call. */
function organizations(answers: (reading: number) => Answers) {
  let reading = 0;
  const page = (items: object[], key: string, { NextToken = '0' }: Input) => {
    const from = Number(NextToken);
    const next = from + 2 < items.length ? { NextToken: String(from + 2) } : {};
    return { [key]: items.slice(from, from + 2), ...next };
  };
  const account = (Id: string) => ({ Id, Name: `name of ${Id}`, State: 'ACTIVE' });
  // The SDK's paginators take nothing but its own client.
  const client = new OrganizationsClient({ region: 'us-east-1' });
  client.send = async (command: { constructor: { name: string }; input: Input }) => {
    const { input } = command;
    const { accounts, units, listed, now = {} } = answers(reading);
    switch (command.constructor.name) {
      case 'DescribeOrganizationCommand':
        return { Organization: { Id: 'o-portcullis', MasterAccountId: '111111111111' } };
      case 'ListAccountsCommand':
        return page(listed.map(account), 'Accounts', input);
      case 'ListRootsCommand':
        reading += 1;
        return { Roots: [{ Id: 'r-root' }] };
      case 'ListAccountsForParentCommand':
        return page((accounts[input.ParentId ?? ''] ?? []).map(account), 'Accounts', input);
      case 'ListOrganizationalUnitsForParentCommand': {
        const children = (units[input.ParentId ?? ''] ?? []).map((Id) => ({ Id, Name: Id.toUpperCase() }));
        return page(children, 'OrganizationalUnits', input);
      }
      case 'DescribeAccountCommand':
        if (!now[input.AccountId ?? '']) throw new Error(`AccountNotFoundException: ${input.AccountId}`);
        return { Account: account(input.AccountId ?? '') };
      case 'ListParentsCommand':
        if (!now[input.ChildId ?? '']) throw new Error(`ChildNotFoundException: ${input.ChildId}`);
        return page([{ Id: now[input.ChildId ?? ''] }], 'Parents', input);
      default:
        throw new Error(command.constructor.name);
    }
  };
  return { organizations: async () => client };
}

const ids = ['1', '2', '3', '4', '5', '6', '7'].map((end) => end.padStart(12, '3'));
const [a, b, c, d, e, f, g] = ids as [string, string, string, string, string, string, string];
const whole: Answers = {
  accounts: { 'r-root': [a], 'ou-prod': [b, c, d], 'ou-web': [e, f, g] },
  units: { 'r-root': ['ou-dev', 'ou-test', 'ou-prod'], 'ou-prod': ['ou-web'] },
  listed: ids,
};

describe('the organization', () => {
  test('is read to the last page of every list', async () => {
    const found = await readOrganization(organizations(() => whole));
    expect(found).toMatchObject({ id: 'o-portcullis', managementAccountId: '111111111111' });
    expect(found.accounts.map(({ id }) => id)).toEqual(ids);
    expect(found.accounts.at(-1)).toMatchObject({
      parents: ['r-root', 'ou-prod', 'ou-web'],
      path: 'OU-PROD/OU-WEB',
      state: 'ACTIVE',
    });
    expect(found.accounts[0]).toMatchObject({ parents: ['r-root'], path: '' });
  });

  test('is read again when an account moved during the reading', async () => {
    const moving: Answers = { ...whole, accounts: { ...whole.accounts, 'ou-web': [e, f] } };
    const found = await readOrganization(organizations((reading) => (reading < 2 ? moving : whole)));
    expect(found.accounts).toHaveLength(7);
  });

  test('without a parent for a listed account is an error, not a shorter listing', async () => {
    const lost: Answers = { ...whole, accounts: { ...whole.accounts, 'ou-web': [e, f] } };
    await expect(readOrganization(organizations(() => lost))).rejects.toMatchObject({
      code: 'organization-unreadable',
      message: expect.stringContaining(g),
    });
  });

  test('with an account in the tree that the listing lacks is an error, not a shorter listing', async () => {
    const short: Answers = { ...whole, listed: ids.slice(0, -1) };
    await expect(readOrganization(organizations(() => short))).rejects.toMatchObject({
      code: 'organization-unreadable',
      message: expect.stringContaining(g),
    });
  });

  const inWeb = { parents: ['r-root', 'ou-prod', 'ou-web'], path: 'OU-PROD/OU-WEB' };

  test('has an account that moved during the reading where it is by then', async () => {
    const accounts = { ...whole.accounts, 'ou-web': [e, f] };
    const found = await readOrganization(
      organizations(() => ({ ...whole, accounts, now: { [g]: 'ou-web' } })),
    );
    expect(found.accounts).toHaveLength(7);
    expect(found.accounts.find(({ id }) => id === g)).toMatchObject(inWeb);
  });

  test('has an account that was found in two places where it is by then', async () => {
    const accounts = { ...whole.accounts, 'ou-prod': [b, c, d, e] };
    const found = await readOrganization(
      organizations(() => ({ ...whole, accounts, now: { [e]: 'ou-prod' } })),
    );
    expect(found.accounts).toHaveLength(7);
    expect(found.accounts.find(({ id }) => id === e)).toMatchObject({ path: 'OU-PROD' });
  });

  test('has an account that was made during the reading', async () => {
    const listed = ids.slice(0, -1);
    const found = await readOrganization(organizations(() => ({ ...whole, listed, now: { [g]: 'ou-web' } })));
    expect(found.accounts).toHaveLength(7);
    expect(found.accounts.at(-1)).toMatchObject({ id: g, name: `name of ${g}`, state: 'ACTIVE', ...inWeb });
  });

  test('with an account in a unit that was not read is an error', async () => {
    const accounts = { ...whole.accounts, 'ou-web': [e, f] };
    const made: Answers = { ...whole, accounts, now: { [g]: 'ou-new' } };
    await expect(readOrganization(organizations(() => made))).rejects.toThrow('ou-new');
  });

  test('whose list and tree differ by many accounts is an error', async () => {
    const many = Array.from({ length: 51 }, (_, index) => `${400_000_000_000 + index}`);
    const now = Object.fromEntries(many.map((id) => [id, 'ou-web']));
    const listed = [...ids, ...many];
    await expect(readOrganization(organizations(() => ({ ...whole, listed, now })))).rejects.toMatchObject({
      code: 'organization-unreadable',
      message: expect.stringContaining('differ by 51'),
    });
  });

  test('that refuses to be read is an error with the reason', async () => {
    const refusing = organizations(() => {
      throw new Error('AccessDeniedException: no');
    });
    await expect(readOrganization(refusing)).rejects.toMatchObject({
      code: 'organization-unreadable',
      message: 'AWS Organizations cannot be read: AccessDeniedException: no',
    });
  });
});

test.each([
  [{ State: 'ACTIVE' }, 'ACTIVE'],
  [{ State: 'CLOSED' }, 'CLOSED'],
  [{ State: 'PENDING_ACTIVATION' }, 'PENDING_ACTIVATION'],
  [{ State: 'PENDING_CLOSURE', Status: 'ACTIVE' }, 'PENDING_CLOSURE'],
  [{ Status: 'SUSPENDED' }, 'SUSPENDED'],
  [{ Status: 'ACTIVE' }, 'ACTIVE'],
  [{ State: 'SOMETHING_NEW', Status: 'ACTIVE' }, 'UNKNOWN'],
  [{}, 'UNKNOWN'],
])('an account with %j is %s', (account, state) => {
  expect(accountState(account as Parameters<typeof accountState>[0])).toBe(state);
});
