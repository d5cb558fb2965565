import { randomBytes } from 'node:crypto';
import { Refusal } from '../gateway/refusal.ts';

export type AccountState = 'PENDING_ACTIVATION' | 'ACTIVE' | 'PENDING_CLOSURE' | 'SUSPENDED' | 'CLOSED';

export interface Account {
  id: string;
  name: string;
  email: string;
  state: AccountState;
  joinedMethod: 'CREATED' | 'INVITED';
  /** Milliseconds since the epoch, as every time in the graph. */
  joined: number;
  parentId: string;
}

/** The root has no parent. */
export interface Unit {
  id: string;
  name: string;
  parentId?: string;
}

export interface Creation {
  id: string;
  accountName: string;
  email: string;
  state: 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED';
  requested: number;
  completed?: number;
  accountId?: string;
  failureReason?: string;
}

export interface Handshake {
  id: string;
  accountId: string;
  state: 'OPEN' | 'ACCEPTED' | 'DECLINED' | 'CANCELED';
  requested: number;
  notes?: string;
}

/** A service control policy. */
export interface ControlPolicy {
  id: string;
  name: string;
  description: string;
  /** Its JSON text. */
  content: string;
}

/** One organization: who is in it, where, and who may do what. */
export interface Graph {
  id: string;
  managementAccountId: string;
  rootId: string;
  units: Map<string, Unit>;
  accounts: Map<string, Account>;
  creations: Map<string, Creation>;
  handshakes: Map<string, Handshake>;
  tags: Map<string, Map<string, string>>;
  /** Service principal to the time it was enabled. */
  serviceAccess: Map<string, number>;
  /** Account to its service principals and the time each was registered. */
  delegations: Map<string, Map<string, number>>;
  /** Service control policies by id, FullAWSAccess left out. */
  policies: Map<string, ControlPolicy>;
  /** Root, unit or account to the ids of its policies; without an entry it has FullAWSAccess alone. */
  attachments: Map<string, ReadonlySet<string>>;
  /** The delegation policy's text. */
  resourcePolicy?: string | undefined;
}

/** Lower-case letters and digits, as in AWS ids. */
export function randomId(length: number): string {
  return randomBytes(length).toString('hex').slice(0, length);
}

export function newGraph(managementAccountId: string, now: number): Graph {
  const rootId = `r-${randomId(4)}`;
  const management: Account = {
    id: managementAccountId,
    name: 'management',
    email: `${managementAccountId}@example.com`,
    state: 'ACTIVE',
    joinedMethod: 'INVITED',
    joined: now,
    parentId: rootId,
  };
  return {
    id: `o-${randomId(10)}`,
    managementAccountId,
    rootId,
    units: new Map([[rootId, { id: rootId, name: 'Root' }]]),
    accounts: new Map([[managementAccountId, management]]),
    creations: new Map(),
    handshakes: new Map(),
    tags: new Map(),
    serviceAccess: new Map(),
    delegations: new Map(),
    policies: new Map(),
    attachments: new Map(),
  };
}

export function arn(
  graph: Graph,
  kind: 'account' | 'ou' | 'root' | 'organization' | 'handshake',
  id = '',
): string {
  const tail =
    kind === 'organization' ? graph.id : `${graph.id}/${kind === 'handshake' ? 'invite/' : ''}${id}`;
  return `arn:aws:organizations::${graph.managementAccountId}:${kind}/${tail}`;
}

/** The account as the API shows it. `Status` is the older field beside `State`; it has no word for CLOSED and PENDING_ACTIVATION. */
export function accountView(graph: Graph, account: Account): Record<string, unknown> {
  const status = { PENDING_ACTIVATION: 'ACTIVE', CLOSED: 'SUSPENDED' } as Partial<
    Record<AccountState, string>
  >;
  return {
    Id: account.id,
    Arn: arn(graph, 'account', account.id),
    Email: account.email,
    Name: account.name,
    Status: status[account.state] ?? account.state,
    State: account.state,
    JoinedMethod: account.joinedMethod,
    JoinedTimestamp: account.joined / 1000,
  };
}

export function unitView(graph: Graph, unit: Unit): Record<string, unknown> {
  return { Id: unit.id, Arn: arn(graph, 'ou', unit.id), Name: unit.name };
}

/** @throws AccountNotFoundException */
export function findAccount(graph: Graph, id: string): Account {
  const account = graph.accounts.get(id);
  if (!account) {
    throw new Refusal(
      'AccountNotFoundException',
      "You specified an account that doesn't exist in your organization.",
    );
  }
  return account;
}

/** The root or organizational unit. @throws the given code */
export function findParent(graph: Graph, id: string, code = 'ParentNotFoundException'): Unit {
  const unit = graph.units.get(id);
  if (!unit) throw new Refusal(code, "You specified parent that doesn't exist in your organization.");
  return unit;
}

/** @throws TargetNotFoundException where the id is of no root, unit or account */
export function mustExist(graph: Graph, id: string): void {
  if (graph.accounts.has(id) || graph.units.has(id)) return;
  throw new Refusal('TargetNotFoundException', "We can't find a root, OU, account, or policy with that id.");
}

export function isAdministrator(graph: Graph, accountId: string): boolean {
  return accountId === graph.managementAccountId || (graph.delegations.get(accountId)?.size ?? 0) > 0;
}

export function accessDenied(message = "You don't have permissions to access this resource."): Refusal {
  return new Refusal('AccessDeniedException', message, {}, 403);
}

export function constraint(reason: string, message: string): Refusal {
  return new Refusal('ConstraintViolationException', message, { Reason: reason });
}
