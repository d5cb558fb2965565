import {
  type Account,
  DescribeAccountCommand,
  DescribeOrganizationCommand,
  type OrganizationsClient,
  paginateListAccounts,
  paginateListAccountsForParent,
  paginateListOrganizationalUnitsForParent,
  paginateListParents,
  paginateListRoots,
} from '@aws-sdk/client-organizations';
import type { Aws } from '../aws/clients.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import type { AccountState, OrganizationAccount } from '../stacks/account.ts';

export interface Organization {
  readonly id: string;
  readonly managementAccountId: string;
  /** Ids of the root and of every organizational unit, those without accounts too. */
  readonly units: readonly string[];
  readonly accounts: readonly OrganizationAccount[];
}

const states: readonly string[] = ['PENDING_ACTIVATION', 'ACTIVE', 'SUSPENDED', 'PENDING_CLOSURE', 'CLOSED'];

/**
 * An account's state: `State` where the API gives it, else the older `Status`. A value that is not known is
 * `UNKNOWN`, which nothing treats as active.
 */
export function accountState(account: Pick<Account, 'State' | 'Status'>): AccountState {
  const given = account.State ?? account.Status ?? '';
  return states.includes(given) ? (given as AccountState) : 'UNKNOWN';
}

interface Parent {
  readonly ids: readonly string[];
  readonly names: readonly string[];
}

interface Tree {
  /** The root and every organizational unit, each with itself and what is above it. */
  readonly units: Map<string, Parent>;
  /** Of each account that was found. */
  readonly parents: Map<string, Parent>;
  /** Accounts that were found in two places: they moved meanwhile. */
  readonly moved: Set<string>;
}

/** The units there are, and which parents each account has, by walking the tree from its root. */
async function readTree(client: OrganizationsClient): Promise<Tree> {
  const units = new Map<string, Parent>();
  const parents = new Map<string, Parent>();
  const moved = new Set<string>();
  const walk = async (id: string, above: Parent): Promise<void> => {
    const here = { ids: [...above.ids, id], names: above.names };
    units.set(id, here);
    for await (const page of paginateListAccountsForParent({ client }, { ParentId: id })) {
      for (const { Id } of page.Accounts ?? []) {
        if (!Id) continue;
        if (parents.has(Id)) moved.add(Id);
        parents.set(Id, here);
      }
    }
    for await (const page of paginateListOrganizationalUnitsForParent({ client }, { ParentId: id })) {
      for (const unit of page.OrganizationalUnits ?? []) {
        if (!unit.Id) throw new Error(`an organizational unit of ${id} came without an id`);
        await walk(unit.Id, { ids: here.ids, names: [...here.names, unit.Name ?? ''] });
      }
    }
  };
  for await (const page of paginateListRoots({ client }, {})) {
    for (const root of page.Roots ?? []) if (root.Id) await walk(root.Id, { ids: [], names: [] });
  }
  return { units, parents, moved };
}

/**
 * By so many accounts the list and the tree may differ: a reading of thousands takes minutes, and some are made or moved
 * meanwhile. Where it is more, something else is wrong.
 */
const fewAccounts = 50;

async function described(client: OrganizationsClient, id: string): Promise<Account> {
  const { Account: account } = await client.send(new DescribeAccountCommand({ AccountId: id }));
  if (account?.Id !== id) throw new Error(`DescribeAccount gave no account ${id}`);
  return account;
}

async function parentNow(client: OrganizationsClient, id: string, units: Tree['units']): Promise<Parent> {
  const found: (string | undefined)[] = [];
  for await (const page of paginateListParents({ client }, { ChildId: id }))
    found.push(...(page.Parents ?? []).map(({ Id }) => Id));
  const parent = found.length === 1 ? units.get(found[0] ?? '') : undefined;
  if (!parent) throw new Error(`account ${id} is in ${found}, which was not there a moment ago: read again`);
  return parent;
}

/**
 * Asks AWS about each account that the list and the tree do not agree on, and has them agree. @throws where that is
 * more than a few, or one of them is neither here nor there
 */
async function settle(client: OrganizationsClient, accounts: Account[], tree: Tree): Promise<void> {
  const listed = new Set(accounts.map(({ Id }) => Id ?? ''));
  const unlisted = [...tree.parents.keys()].filter((id) => !listed.has(id));
  const astray = [...new Set([...[...listed].filter((id) => !tree.parents.has(id)), ...tree.moved])];
  const differing = [...unlisted, ...astray];
  if (differing.length > fewAccounts) {
    throw new Error(
      `the list of accounts and the tree differ by ${differing.length}, ${differing[0]} for one: read again`,
    );
  }
  for (const id of unlisted) accounts.push(await described(client, id));
  for (const id of astray) tree.parents.set(id, await parentNow(client, id, tree.units));
}

async function read(client: OrganizationsClient): Promise<Organization> {
  const { Organization: organization } = await client.send(new DescribeOrganizationCommand({}));
  if (!organization?.Id || !organization.MasterAccountId) throw new Error('DescribeOrganization gave no id');
  const accounts: Account[] = [];
  for await (const page of paginateListAccounts({ client }, {})) accounts.push(...(page.Accounts ?? []));
  const tree = await readTree(client);
  await settle(client, accounts, tree);
  return {
    id: organization.Id,
    managementAccountId: organization.MasterAccountId,
    units: [...tree.units.keys()],
    accounts: accounts.map((account) => {
      const parent = tree.parents.get(account.Id ?? '');
      if (!account.Id || !parent) throw new Error(`account ${account.Id} is listed but has no parent`);
      return {
        id: account.Id,
        name: account.Name ?? '',
        state: accountState(account),
        joinedAt: account.JoinedTimestamp?.toISOString(),
        parents: parent.ids,
        unitNames: parent.names,
        path: parent.names.join('/'),
      };
    }),
  };
}

/**
 * The organization as it is now: complete, or an error. Every list is read to its last page; an account that the
 * tree and the list do not agree on is asked about by itself, and where that cannot settle it makes the whole reading fail
 * rather than be left out, after one more try.
 * @throws PortcullisError `organization-unreadable`.
 */
export async function readOrganization(aws: Pick<Aws, 'organizations'>): Promise<Organization> {
  try {
    const client = await aws.organizations();
    return await read(client).catch(() => read(client));
  } catch (error) {
    throw new PortcullisError(
      'organization-unreadable',
      `AWS Organizations cannot be read: ${reasonOf(error)}`,
      {
        cause: error,
      },
    );
  }
}
