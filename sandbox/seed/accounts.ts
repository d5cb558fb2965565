import { setTimeout as sleep } from 'node:timers/promises';
import { Account } from '@aws-sdk/client-account';
import { Organizations } from '@aws-sdk/client-organizations';
import { STS } from '@aws-sdk/client-sts';
import type { ClientSettings } from '../gateway/call.ts';
import type { World } from '../organizations/world.ts';

export interface SeededOrganization {
  id: string;
  managementAccountId: string;
  hubAccountId: string;
  hubRegion: string;
  /** Every Region of the sandbox. */
  regions: string[];
  /** The one Region that an account must opt in to. */
  optInRegion: string;
  /** Active accounts but the management and hub accounts, with the Regions enabled in each. */
  members: { id: string; name: string; ou: string; regions: string[] }[];
  suspendedAccountId: string;
  /** The member that the organization trail does not reach; empty where there is none. */
  untrailedAccountId: string;
}

export type RootSettings = (accountId: string, region?: string) => ClientSettings;

type Blueprint = Omit<SeededOrganization, 'id'>;

const yearMs = 365 * 24 * 3_600_000;

/** Makes the organization, its units and accounts, with the states and Regions of the blueprint, a year ago. Returns the organization's id. */
export async function seedAccounts(root: RootSettings, world: World, plan: Blueprint): Promise<string> {
  const client = new Organizations(root(plan.managementAccountId));
  const created = await client.createOrganization({ FeatureSet: 'ALL' });
  for (const ServicePrincipal of ['account.amazonaws.com', 'cloudtrail.amazonaws.com']) {
    await client.enableAWSServiceAccess({ ServicePrincipal });
  }
  const rootId = (await client.listRoots({})).Roots?.[0]?.Id ?? '';
  const units = await createUnits(client, rootId, plan);
  await createAccounts(client, world, plan);
  await moveAccounts(client, rootId, units, plan);
  await client.registerDelegatedAdministrator({
    AccountId: plan.hubAccountId,
    ServicePrincipal: 'account.amazonaws.com',
  });
  await Promise.all([
    suspend(client, plan.suspendedAccountId),
    optIn(root, plan),
    ...[plan.hubAccountId, ...plan.members.map((one) => one.id)].map((id) => usable(root, id)),
  ]);
  for (const account of world.graphOf(plan.managementAccountId)?.accounts.values() ?? []) {
    account.joined -= yearMs; // no longer new: what they refuse is meant
  }
  return created.Organization?.Id ?? '';
}

async function createUnits(
  client: Organizations,
  ParentId: string,
  plan: Blueprint,
): Promise<Map<string, string>> {
  const units = new Map<string, string>();
  for (const Name of new Set(plan.members.map((one) => one.ou))) {
    const unit = await client.createOrganizationalUnit({ ParentId, Name });
    units.set(Name, unit.OrganizationalUnit?.Id ?? '');
  }
  return units;
}

async function createAccounts(client: Organizations, world: World, plan: Blueprint): Promise<void> {
  const accounts = [
    { id: plan.hubAccountId, name: 'security' },
    ...plan.members,
    { id: plan.suspendedAccountId, name: 'former' },
  ];
  const requests: string[] = [];
  for (const { id, name } of accounts) {
    world.reservedIds.push(id);
    const AccountName = name;
    const answer = await client.createAccount({ AccountName, Email: `${name}@example.com` });
    requests.push(answer.CreateAccountStatus?.Id ?? '');
  }
  for (const CreateAccountRequestId of requests) {
    await until('account creation', async () => {
      const answer = await client.describeCreateAccountStatus({ CreateAccountRequestId });
      const { State, FailureReason } = answer.CreateAccountStatus ?? {};
      if (State === 'FAILED') throw new Error(`an account of the seed was not created: ${FailureReason}`);
      return State === 'SUCCEEDED';
    });
  }
}

async function moveAccounts(
  client: Organizations,
  SourceParentId: string,
  units: Map<string, string>,
  plan: Blueprint,
): Promise<void> {
  for (const { id, ou } of [...plan.members, { id: plan.suspendedAccountId, ou: 'Sandbox' }]) {
    const DestinationParentId = units.get(ou);
    await client.moveAccount({ AccountId: id, SourceParentId, DestinationParentId });
  }
}

async function suspend(client: Organizations, AccountId: string): Promise<void> {
  await client.closeAccount({ AccountId });
  await until('account closure', async () => {
    const answer = await client.describeAccount({ AccountId });
    return answer.Account?.State === 'SUSPENDED';
  });
}

async function optIn(root: RootSettings, plan: Blueprint): Promise<void> {
  const client = new Account(root(plan.managementAccountId));
  const RegionName = plan.optInRegion;
  const chosen = plan.members.filter((one) => one.regions.includes(RegionName));
  for (const { id } of chosen) await client.enableRegion({ AccountId: id, RegionName });
  for (const { id } of chosen) {
    await until('Region opt-in', async () => {
      const answer = await client.getRegionOptStatus({ AccountId: id, RegionName });
      return answer.RegionOptStatus === 'ENABLED';
    });
  }
}

/** Resolves when the account answers calls. */
async function usable(root: RootSettings, accountId: string): Promise<void> {
  const client = new STS({ ...root(accountId), maxAttempts: 1 });
  await until(`account ${accountId}`, async () => {
    try {
      await client.getCallerIdentity({});
      return true;
    } catch (error) {
      if ((error as Error).name === 'InvalidClientTokenId') return false;
      throw error;
    }
  });
}

/** Asks every 20 ms, for 20 s. @throws when it does not come true */
async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(20)) {
    if (await condition()) return;
  }
  throw new Error(`${what} was not finished in 20 s`);
}
