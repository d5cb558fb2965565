import { randomUUID } from 'node:crypto';
import { type Policy, policyDigest } from '../../../lambda/policy/parse.ts';
import type { Situation } from '../../../lambda/policy/security-group.ts';
import type { Aws, Caller } from '../../aws/clients.ts';
import { isWithoutCredentials } from '../../aws/errors.ts';
import { accountTable, factsAskedBy } from '../../organization/account-table.ts';
import { readAccountTags } from '../../organization/account-tags.ts';
import { type Organization, readOrganization } from '../../organization/listing.ts';
import { accountsInScope, requireRegions } from '../../organization/scope.ts';
import { hasCode, PortcullisError, reasonOf } from '../../settings/errors.ts';
import type { Scope } from '../../stacks/scope.ts';
import { prefixListCache } from '../prefix-lists.ts';
import { progressCounter, type SweepProgress } from '../progress.ts';
import { type CellRead, type ReadingContext, readCell } from '../read-cell.ts';
import { type Concurrency, sweepCells } from '../sweep-cells.ts';
import { type EnabledCells, enabledCells } from './cells.ts';
import { whyNotRead } from './explain.ts';
import { inOrder, type NotChecked, type Place, type PlacedFinding, type SweepResult } from './result.ts';

export interface StandaloneSweep {
  readonly aws: Aws;
  readonly policy: Policy;
  readonly scope: Scope;
  /** A Region that is signed in to first. */
  readonly home: string;
  onProgress(progress: SweepProgress): void;
}

/** EC2 limits calls by account and Region, so accounts and Regions are read side by side. */
const concurrent: Concurrency = { total: 64, account: 6, region: 32 };

interface SweptAccount {
  readonly id: string;
  readonly name: string;
}
type SweptCell = EnabledCells<SweptAccount>['cells'][number];

/** @throws PortcullisError `invalid-environment` without credentials */
async function callerOf(aws: Aws): Promise<Caller> {
  try {
    return await aws.caller();
  } catch (error) {
    const what = isWithoutCredentials(error)
      ? 'no AWS credentials are found'
      : `the AWS credentials do not work: ${reasonOf(error)}`;
    const fix = 'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
    throw new PortcullisError('invalid-environment', `${what}; ${fix}`, { cause: error });
  }
}

/** The organization; undefined where the scope is the caller's own account, which needs no right in Organizations. */
async function organizationFor(
  { aws, scope }: StandaloneSweep,
  { accountId }: Caller,
): Promise<Organization | undefined> {
  const own = scope.accounts?.length === 1 && scope.accounts[0] === accountId && !scope.organizationalUnits;
  if (own) return undefined;
  try {
    return await readOrganization(aws);
  } catch (error) {
    if (!hasCode(error, 'organization-unreadable')) throw error;
    const rights = 'The credentials must be of the management account or of a delegated administrator';
    const only = `to sweep only the account of these credentials, add --account ${accountId}`;
    const message = `${reasonOf(error)}. ${rights}, with what docs/sweep-policy.json lists; ${only}`;
    throw new PortcullisError('organization-unreadable', message, { cause: error });
  }
}

/** The facts about accounts that the policy needs; none without an organization, and what needs them is undecided. */
async function factsFor(
  { aws, policy }: StandaloneSweep,
  organization: Organization | undefined,
): Promise<Situation['accounts']> {
  if (!organization) return undefined;
  const asked = factsAskedBy(policy);
  const active = organization.accounts.filter(({ state }) => state === 'ACTIVE');
  const tags = new Map<string, Readonly<Record<string, string>>>();
  if (asked.tagKeys.size > 0)
    await readAccountTags(
      aws,
      active.map(({ id }) => id),
      async (id, read) => void tags.set(id, read),
    );
  return accountTable(
    asked,
    active.map((account) => ({ ...account, tags: tags.get(account.id) ?? null })),
  );
}

/** The tags of accounts, each read once, when it is first needed. */
function tagReader(aws: Aws): ReadingContext['accountTags'] {
  const asked = new Map<string, Promise<Readonly<Record<string, string>> | null>>();
  const read = async (accountId: string) => {
    let found: Readonly<Record<string, string>> | null = null;
    await readAccountTags(aws, [accountId], async (_, tags) => {
      found = tags;
    });
    return found;
  };
  return (accountId) => {
    const known = asked.get(accountId) ?? read(accountId);
    asked.set(accountId, known);
    return known;
  };
}

/** What the cells of a sweep add up to. */
function collection() {
  const [findings, undecided] = [[] as PlacedFinding[], [] as SweepResult['undecided'][number][]];
  const [notChecked, notes] = [[] as NotChecked[], [] as SweepResult['notes'][number][]];
  let groups = 0;
  return {
    notChecked,
    add({ account, accountId, region }: SweptCell, read: CellRead) {
      const place: Place = { accountId, accountName: account.name, region };
      if (read.kind === 'not-checked') {
        notChecked.push({ ...place, reason: read.reason });
        return;
      }
      groups += read.reading.groups;
      findings.push(...read.reading.findings.map((finding) => ({ ...place, ...finding })));
      undecided.push(...read.reading.undecided.map((one) => ({ ...place, ...one })));
      notes.push(...read.notes.map((note) => ({ ...place, note })));
    },
    result: () => ({ groups, findings: inOrder(findings), undecided, notChecked, notes }),
  };
}

/** The accounts of the scope, those that are active apart from the others. */
function accountsOf(organization: Organization | undefined, caller: Caller, scope: Scope) {
  if (!organization) return { active: [{ id: caller.accountId, name: '' }], inactive: 0 };
  const chosen = accountsInScope(organization, scope);
  const active = chosen.filter(({ state }) => state === 'ACTIVE');
  return { active, inactive: chosen.length - active.length };
}

/**
 * Reads every cell of the scope and keeps what the policy forbids; nothing is written anywhere.
 * @throws PortcullisError when the organization, or the facts that the policy needs, cannot be read: a part of it is
 * never taken for the whole
 */
export async function standaloneSweep(sweep: StandaloneSweep): Promise<SweepResult> {
  const { aws, policy, scope, home } = sweep;
  const startedAt = new Date();
  const caller = await callerOf(aws);
  const organization = await organizationFor(sweep, caller);
  const { active, inactive } = accountsOf(organization, caller, scope);
  const accounts = await factsFor(sweep, organization);
  const covers = (region: string) => scope.regions?.includes(region) ?? true;
  const { cells, unread } = await enabledCells<SweptAccount>(aws, active, home, covers);
  if (unread.length === 0) requireRegions([{ regions: cells }], scope);
  const collected = collection();
  for (const { account, error } of unread) {
    const reason = await whyNotRead(aws, account.id, error);
    collected.notChecked.push({ accountId: account.id, accountName: account.name, region: null, reason });
  }
  const known = new Set(organization?.accounts.map(({ id }) => id) ?? [caller.accountId]);
  const context: ReadingContext = {
    ...{ aws, policy, policyDigest: policyDigest(policy), accounts, prefixLists: prefixListCache() },
    isCovered: (id) => known.has(id),
    accountTags: organization ? tagReader(aws) : async () => null,
    explain: ({ accountId }, error) => whyNotRead(aws, accountId, error),
  };
  const counter = progressCounter(cells.length);
  const sweepId = randomUUID();
  await sweepCells({
    cells,
    read: (cell) => readCell(context, cell, { sweepId, readAt: new Date() }),
    concurrent,
    onCell(cell, read) {
      collected.add(cell, read);
      counter.count(read);
      sweep.onProgress(counter.progress());
    },
  });
  return {
    ...{ startedAt: startedAt.toISOString(), endedAt: new Date().toISOString() },
    ...{ organizationId: organization?.id ?? null, policyDigest: context.policyDigest },
    ...{ accounts: active.length, inactiveAccounts: inactive, cells: cells.length },
    ...collected.result(),
  };
}
