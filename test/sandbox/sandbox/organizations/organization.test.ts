import { Organizations, paginateListAccounts, paginateListChildren } from '@aws-sdk/client-organizations';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import { createAccount } from './account-creation.ts';
import { refusal } from './event-listener.ts';

const management = '111111111111';
const hub = '222222222222';
const member = '300000000002';
const outsider = '555555555555';

let sandbox: Sandbox;
const client = (accountId: string) =>
  new Organizations({ ...sandbox.root(accountId, 'us-east-1'), maxAttempts: 1 });

beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(() => sandbox.stop());

describe('listing', () => {
  it('lists 45 accounts in pages of 20, and in smaller ones on request', async () => {
    const owner = '600000000000';
    await client(owner).createOrganization({});
    const names = Array.from({ length: 44 }, (_, index) => `many-${index}`);
    await Promise.all(names.map((name) => createAccount(client(owner), name)));
    const pages: number[] = [];
    const ids = new Set<string>();
    for await (const page of paginateListAccounts({ client: client(owner) }, {})) {
      pages.push(page.Accounts?.length ?? 0);
      for (const account of page.Accounts ?? []) ids.add(account.Id ?? '');
    }
    expect(pages).toEqual([20, 20, 5]);
    expect(ids.size).toBe(45);
    const few = await client(owner).listAccounts({ MaxResults: 7 });
    expect(few.Accounts).toHaveLength(7);
    const root = (await client(owner).listRoots({})).Roots?.[0]?.Id;
    const children = { ParentId: root, ChildType: 'ACCOUNT' as const };
    let count = 0;
    for await (const page of paginateListChildren({ client: client(owner) }, children))
      count += page.Children?.length ?? 0;
    expect(count).toBe(45);
  });

  it('refuses a token that it did not give', async () => {
    const call = client(management).listAccounts({ NextToken: 'garbage' });
    expect(await refusal(call)).toBe('InvalidInputException');
  });

  it('shows the seeded tree, with State and Status', async () => {
    const caller = client(management);
    const root = (await caller.listRoots({})).Roots?.[0]?.Id;
    const units = await caller.listOrganizationalUnitsForParent({ ParentId: root });
    const names = units.OrganizationalUnits?.map((unit) => unit.Name).sort();
    expect(names).toEqual(['Development', 'Production', 'Sandbox']);
    const parents = await caller.listParents({ ChildId: member });
    const production = units.OrganizationalUnits?.find((unit) => unit.Name === 'Production')?.Id;
    expect(parents.Parents).toEqual([{ Id: production, Type: 'ORGANIZATIONAL_UNIT' }]);
    const inside = await caller.listAccountsForParent({ ParentId: production });
    expect(inside.Accounts?.map((one) => one.Id)).toEqual(['300000000001', '300000000002']);
    const suspended = await caller.describeAccount({ AccountId: '399999999999' });
    expect(suspended.Account).toMatchObject({
      State: 'SUSPENDED',
      Status: 'SUSPENDED',
      JoinedMethod: 'CREATED',
    });
  });
});

describe('who may call', () => {
  it('lets the management account and a delegated administrator list, and no other', async () => {
    const list = (id: string) => refusal(client(id).listAccounts({}));
    expect(await list(management)).toBe('none');
    expect(await list(hub)).toBe('none');
    expect(await list(member)).toBe('AccessDeniedException');
    expect(await list(outsider)).toBe('AWSOrganizationsNotInUseException');
  });

  it('lets any member describe the organization', async () => {
    const answer = await client(member).describeOrganization({});
    expect(answer.Organization).toMatchObject({ Id: sandbox.organization.id, MasterAccountId: management });
    const call = client(outsider).describeOrganization({});
    expect(await refusal(call)).toBe('AWSOrganizationsNotInUseException');
  });

  it('lets only the management account write', async () => {
    for (const id of [hub, member]) {
      const call = client(id).closeAccount({ AccountId: member });
      expect(await refusal(call)).toBe('AccessDeniedException');
    }
  });

  it("holds callers to their IAM policy: the control plane's user reads and cannot write", async () => {
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = sandbox.environment;
    const credentials = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
    const user = new Organizations({ ...sandbox.root(management), credentials });
    expect(await refusal(user.listAccounts({}))).toBe('none');
    const close = user.closeAccount({ AccountId: member });
    expect(await refusal(close)).toBe('AccessDeniedException');
    const forged = new Organizations({
      ...sandbox.root(management),
      credentials: { ...credentials, secretAccessKey: 'wrong' },
    });
    expect(await refusal(forged.listAccounts({}))).toBe('InvalidSignatureException');
  });

  it('registers a delegated administrator once, and stops listening to it afterwards', async () => {
    const caller = client(management);
    const pair = { AccountId: '300000000005', ServicePrincipal: 'account.amazonaws.com' };
    const registering = () => caller.registerDelegatedAdministrator(pair);
    await registering();
    expect(await refusal(registering())).toBe('AccountAlreadyRegisteredException');
    const listed = await caller.listDelegatedAdministrators({});
    expect(listed.DelegatedAdministrators?.map((one) => one.Id)).toEqual([hub, '300000000005']);
    const leaving = client('300000000005').leaveOrganization({});
    expect(await refusal(leaving)).toBe('ConstraintViolationException');
    await caller.deregisterDelegatedAdministrator(pair);
    const after = client('300000000005').listAccounts({});
    expect(await refusal(after)).toBe('AccessDeniedException');
    const unknown = { ...pair, ServicePrincipal: 'config.amazonaws.com' };
    const early = caller.registerDelegatedAdministrator(unknown);
    expect(await refusal(early)).toBe('ConstraintViolationException');
  });

  it('names what does not exist', async () => {
    const caller = client(management);
    const absent = { AccountId: '999999999999' };
    expect(await refusal(caller.describeAccount(absent))).toBe('AccountNotFoundException');
    expect(await refusal(caller.closeAccount(absent))).toBe('AccountNotFoundException');
    expect(await refusal(caller.describeAccount({ AccountId: 'abc' }))).toBe('InvalidInputException');
    expect(await refusal(caller.listAccountsForParent({ ParentId: 'ou-0000-00000000' }))).toBe(
      'ParentNotFoundException',
    );
    expect(await refusal(caller.listParents({ ChildId: '999999999999' }))).toBe('ChildNotFoundException');
    expect(await refusal(caller.createOrganization({}))).toBe('AlreadyInOrganizationException');
    expect(await refusal(caller.tagResource({ ResourceId: 'ou-x', Tags: [] }))).toBe(
      'TargetNotFoundException',
    );
    expect(await refusal(caller.enableAllFeatures({}))).toBe('UnknownOperationException');
  });
});
