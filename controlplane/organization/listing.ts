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
  /** Ids of the root and of every organizational unit, also empty ones. */
  readonly units: readonly string[];
  readonly accounts: readonly OrganizationAccount[];
}

const states: readonly string[] = ['PENDING_ACTIVATION', 'ACTIVE', 'SUSPENDED', 'PENDING_CLOSURE', 'CLOSED'];

/** `State`, or the older `Status`. An unknown value is `UNKNOWN`, which nothing treats as active. */
export function accountState(account: Pick<Account, 'State' | 'Status'>): AccountState {
  const given = account.State ?? account.Status ?? '';
  return states.includes(given) ? (given as AccountState) : 'UNKNOWN';
}

interface Parent {
  readonly ids: readonly string[];
  readonly names: readonly string[];
}

interface Tree {
  /** The root and every organizational unit, each with its path. */
  readonly units: Map<string, Parent>;
  readonly parents: Map<string, Parent>;
  /** Accounts found in two places: they moved during the reading. */
  readonly moved: Set<string>;
}

/** Reads the tree from its root. */
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
        if (!unit.Id) throw new Error(`an organizational unit of ${id} has no id`);
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
 * The list and the tree may differ by this many accounts: reading thousands takes minutes, and accounts are created
 * and moved meanwhile. A larger difference is an error.
 */
const fewAccounts = 50;

async function described(client: OrganizationsClient, id: string): Promise<Account> {
  const { Account: account } = await client.send(new DescribeAccountCommand({ AccountId: id }));
  if (account?.Id !== id) throw new Error(`DescribeAccount returned no account ${id}`);
  return account;
}

async function parentNow(client: OrganizationsClient, id: string, units: Tree['units']): Promise<Parent> {
  const found: (string | undefined)[] = [];
  for await (const page of paginateListParents({ client }, { ChildId: id }))
    found.push(...(page.Parents ?? []).map(({ Id }) => Id));
  const parent = found.length === 1 ? units.get(found[0] ?? '') : undefined;
  if (!parent) throw new Error(`account ${id} is in ${found}, which did not exist a moment ago: read again`);
  return parent;
}

/** Asks AWS about accounts that only one of both has. @throws when there are many, or one stays unclear */
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
  if (!organization?.Id || !organization.MasterAccountId)
    throw new Error('DescribeOrganization returned no id');
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
 * The complete organization, or an error. Reads every list to its last page and resolves differences between tree and
 * list per account. Retries once.
 * @throws PortcullisError `organization-unreadable`
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
