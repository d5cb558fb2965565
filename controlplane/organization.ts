import {
  type Account,
  DescribeOrganizationCommand,
  type OrganizationsClient,
  paginateListAccounts,
  paginateListAccountsForParent,
  paginateListOrganizationalUnitsForParent,
  paginateListRoots,
} from '@aws-sdk/client-organizations';
import type { Aws } from './aws.ts';
import { PortcullisError, reasonOf } from './errors.ts';

export type AccountState =
  | 'PENDING_ACTIVATION'
  | 'ACTIVE'
  | 'SUSPENDED'
  | 'PENDING_CLOSURE'
  | 'CLOSED'
  | 'UNKNOWN';

export interface OrganizationAccount {
  readonly id: string;
  readonly name: string;
  readonly state: AccountState;
  /** When it joined, ISO 8601; a young account may refuse calls for a minute. */
  readonly joinedAt: string | undefined;
  /** Ids of the root and organizational units above it, the root first. */
  readonly parents: readonly string[];
  /** Names of the organizational units above it, the topmost first. */
  readonly unitNames: readonly string[];
  /** Those names, joined by `/`. */
  readonly path: string;
}

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

/** The units there are, and which parents each account has, by walking the tree from its root. */
async function readTree(
  client: OrganizationsClient,
): Promise<{ units: string[]; parents: Map<string, Parent> }> {
  const units: string[] = [];
  const found = new Map<string, Parent>();
  const walk = async (id: string, above: Parent): Promise<void> => {
    const here = { ids: [...above.ids, id], names: above.names };
    units.push(id);
    for await (const page of paginateListAccountsForParent({ client }, { ParentId: id })) {
      for (const account of page.Accounts ?? []) if (account.Id) found.set(account.Id, here);
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
  return { units, parents: found };
}

async function read(client: OrganizationsClient): Promise<Organization> {
  const { Organization: organization } = await client.send(new DescribeOrganizationCommand({}));
  if (!organization?.Id || !organization.MasterAccountId) throw new Error('DescribeOrganization gave no id');
  const accounts: Account[] = [];
  for await (const page of paginateListAccounts({ client }, {})) accounts.push(...(page.Accounts ?? []));
  const { units, parents } = await readTree(client);
  const listed = new Set(accounts.map(({ Id }) => Id));
  for (const id of parents.keys()) {
    if (!listed.has(id)) throw new Error(`account ${id} has a parent but is not listed: read again`);
  }
  return {
    id: organization.Id,
    managementAccountId: organization.MasterAccountId,
    units,
    accounts: accounts.map((account) => {
      const parent = parents.get(account.Id ?? '');
      if (!account.Id || !parent) {
        throw new Error(
          `account ${account.Id} is listed but has no parent: it moved during the listing; read again`,
        );
      }
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
 * tree and the list do not agree on makes the whole reading fail rather than be left out, after one more try.
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
