import { z } from 'zod';
import { Refusal } from '../gateway/refusal.ts';
import { accountDeparted, accountJoined, closeAccountResult, createAccountResult } from './events.ts';
import type { Creation, Graph } from './graph.ts';
import { accountView, constraint, findAccount, findParent, randomId } from './graph.ts';
import type { Context, Operation } from './operation.ts';
import { accountId, operation, page, paging } from './operation.ts';
import { tagList, writeTags } from './tags.ts';
import type { World } from './world.ts';

const creationInput = z.object({
  AccountName: z.string().min(1).max(50),
  Email: z.string().regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/),
  RoleName: z
    .string()
    .regex(/^[\w+=,.@-]{1,64}$/)
    .default('OrganizationAccountAccessRole'),
  Tags: tagList.default([]),
});

const creationId = z.string().regex(/^car-[a-z0-9]{8,32}$/);
const moveInput = z.object({
  AccountId: accountId,
  SourceParentId: z.string(),
  DestinationParentId: z.string(),
});
const oneAccount = z.object({ AccountId: accountId });

/** Operations on accounts: create, list, move, close and leave. */
export const accountOperations: Record<string, Operation> = {
  CreateAccount: operation('management', creationInput, createAccount),
  DescribeCreateAccountStatus: operation(
    'administrator',
    z.object({ CreateAccountRequestId: creationId }),
    ({ graph }, input) => {
      const creation = graph.creations.get(input.CreateAccountRequestId);
      if (!creation) {
        throw new Refusal('CreateAccountStatusNotFoundException', "We can't find a create account request.");
      }
      return { CreateAccountStatus: creationView(creation) };
    },
  ),
  DescribeAccount: operation('administrator', oneAccount, ({ graph }, input) => ({
    Account: accountView(graph, findAccount(graph, input.AccountId)),
  })),
  ListAccounts: operation('administrator', z.object(paging), ({ graph }, input) =>
    page('Accounts', input, graph.accounts, (one) => accountView(graph, one)),
  ),
  ListAccountsForParent: operation(
    'administrator',
    z.object({ ParentId: z.string(), ...paging }),
    ({ graph }, input) => {
      const parent = findParent(graph, input.ParentId);
      const accounts = [...graph.accounts].filter(([, one]) => one.parentId === parent.id);
      return page('Accounts', input, accounts, (one) => accountView(graph, one));
    },
  ),
  MoveAccount: operation('management', moveInput, moveAccount),
  CloseAccount: operation('management', oneAccount, ({ world, graph }, input) =>
    closeAccount(world, graph, input.AccountId),
  ),
  RemoveAccountFromOrganization: operation('management', oneAccount, ({ world, graph }, input) =>
    depart(world, graph, input.AccountId, 'Removed'),
  ),
  LeaveOrganization: operation('member', z.object({}), ({ world, graph, callerId }) =>
    depart(world, graph, callerId, 'Left'),
  ),
};

function creationView(creation: Creation): object {
  return {
    Id: creation.id,
    AccountName: creation.accountName,
    State: creation.state,
    RequestedTimestamp: creation.requested / 1000,
    ...(creation.completed === undefined ? {} : { CompletedTimestamp: creation.completed / 1000 }),
    ...(creation.accountId === undefined ? {} : { AccountId: creation.accountId }),
    ...(creation.failureReason === undefined ? {} : { FailureReason: creation.failureReason }),
  };
}

function createAccount({ world, graph }: Context, input: z.infer<typeof creationInput>): object {
  const creation: Creation = {
    id: `car-${randomId(32)}`,
    accountName: input.AccountName,
    email: input.Email,
    state: 'IN_PROGRESS',
    requested: Date.now(),
  };
  graph.creations.set(creation.id, creation);
  const taken = emailTaken(world, creation);
  const id = taken ? undefined : world.newAccountId();
  world.later(world.delays.creation, async () => {
    let failureReason: string | undefined = id === undefined ? 'EMAIL_ALREADY_EXISTS' : 'INTERNAL_FAILURE';
    try {
      if (id !== undefined) {
        await openAccount(world, graph, id, input);
        creation.accountId = id;
        failureReason = undefined;
      }
    } finally {
      finish(creation, failureReason);
      world.announce(createAccountResult(graph, creation));
    }
  });
  return { CreateAccountStatus: creationView(creation) };
}

function finish(creation: Creation, failureReason: string | undefined): void {
  creation.completed = Date.now();
  creation.state = failureReason === undefined ? 'SUCCEEDED' : 'FAILED';
  if (failureReason !== undefined) creation.failureReason = failureReason;
}

/** Whether an account of any state, or an earlier creation in progress, has the mail address. */
function emailTaken(world: World, creation: Creation): boolean {
  const email = creation.email.toLowerCase();
  return world.graphs.some(
    (graph) =>
      [...graph.accounts.values()].some((one) => one.email.toLowerCase() === email) ||
      [...graph.creations.values()].some(
        (one) => one !== creation && one.state === 'IN_PROGRESS' && one.email.toLowerCase() === email,
      ),
  );
}

/** Puts the new account under the root. As on AWS it is a member at once, and its role can be assumed only later. */
async function openAccount(
  world: World,
  graph: Graph,
  id: string,
  input: z.infer<typeof creationInput>,
): Promise<void> {
  const account = {
    id,
    name: input.AccountName,
    email: input.Email,
    state: 'ACTIVE' as const,
    joinedMethod: 'CREATED' as const,
    joined: Date.now(),
    parentId: graph.rootId,
  };
  world.unready.add(id);
  graph.accounts.set(id, account);
  writeTags(graph, id, input.Tags);
  await world.joined(graph, id);
  world.later(world.delays.readiness, async () => {
    await world.createAccessRole(graph, id, input.RoleName);
    world.unready.delete(id);
  });
  world.announce(accountJoined(graph, account));
}

async function moveAccount({ world, graph }: Context, input: z.infer<typeof moveInput>): Promise<object> {
  const account = findAccount(graph, input.AccountId);
  findParent(graph, input.SourceParentId, 'SourceParentNotFoundException');
  const destination = findParent(graph, input.DestinationParentId, 'DestinationParentNotFoundException');
  if (account.parentId === destination.id) {
    throw new Refusal(
      'DuplicateAccountException',
      'That account is already present in the specified destination.',
    );
  }
  if (account.parentId !== input.SourceParentId) {
    throw new Refusal('SourceParentNotFoundException', "The account isn't in that source parent.");
  }
  account.parentId = destination.id;
  await world.registerMembers(graph);
  return {};
}

function closeAccount(world: World, graph: Graph, id: string): object {
  const account = findAccount(graph, id);
  if (id === graph.managementAccountId) {
    throw constraint('CANNOT_CLOSE_MANAGEMENT_ACCOUNT', "You can't close the management account.");
  }
  if (account.state === 'PENDING_CLOSURE') {
    throw new Refusal('ConflictException', "The account's closure is already in progress.", {}, 409);
  }
  if (account.state !== 'ACTIVE') {
    throw new Refusal(
      'AccountAlreadyClosedException',
      'You attempted to close an account that is already closed.',
    );
  }
  const requested = Date.now();
  account.state = 'PENDING_CLOSURE';
  world.later(world.delays.closure, () => {
    account.state = 'SUSPENDED';
    world.announce(closeAccountResult(graph, id, requested));
  });
  return {};
}

async function depart(world: World, graph: Graph, id: string, method: 'Left' | 'Removed'): Promise<object> {
  findAccount(graph, id);
  if (id === graph.managementAccountId) {
    throw new Refusal(
      'MasterCannotLeaveOrganizationException',
      "You can't remove a management account from an organization.",
    );
  }
  if ((graph.delegations.get(id)?.size ?? 0) > 0) {
    throw constraint(
      'CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG',
      'Deregister the account as a delegated administrator first.',
    );
  }
  graph.accounts.delete(id);
  graph.tags.delete(id);
  graph.attachments.delete(id);
  await world.registerMembers(graph);
  world.announce(accountDeparted(graph, id, method));
  return {};
}
