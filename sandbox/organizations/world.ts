import { randomInt } from 'node:crypto';
import { IAM } from '@aws-sdk/client-iam';
import { background } from '../gateway/background.ts';
import type { BusEvent, Emulator } from '../gateway/call.ts';
import { enforced } from './control-policies.ts';
import type { Emit } from './events.ts';
import type { Graph } from './graph.ts';

/** Durations of AWS's asynchronous operations in the sandbox, in milliseconds. */
export interface Delays {
  /** From CreateAccount to its result. */
  creation: number;
  /** From a creation's success until the account has its access role and answers calls. */
  readiness: number;
  /** From CloseAccount to SUSPENDED. */
  closure: number;
  /** From EnableRegion to ENABLED, and from DisableRegion to DISABLED. */
  regionOptIn: number;
}

export interface WorldOptions {
  emulator: Emulator;
  emit: Emit;
  /** Gets one line for each failure of work that runs after its call was answered. */
  log: (line: string) => void;
  delays?: Partial<Delays>;
}

type JoinListener = (graph: Graph, accountId: string) => Promise<void>;

/** Every organization of the sandbox, with its work in progress. */
export interface World {
  readonly graphs: Graph[];
  readonly delays: Delays;
  /** The organization an account is in. */
  graphOf(accountId: string): Graph | undefined;
  /**
   * Emits an event in its account and Region without making the caller wait. An event "via CloudTrail" is dropped when
   * no trail covers the place, as on AWS.
   */
  announce(event: BusEvent): void;
  /** Which trail covers an account and Region, or why none does. Set once trails are known. */
  covering?: (accountId: string, region: string) => Promise<object>;
  /** Runs a task later, unless the sandbox stops first; a failure is logged. */
  later(milliseconds: number, task: () => Promise<void> | void): void;
  /** The ids of the next created accounts, in this order; then random unused ones. */
  readonly reservedIds: string[];
  newAccountId(): string;
  /** Gives the emulator the members of an organization, for `aws:PrincipalOrgID`, and the members' control policies. */
  registerMembers(graph: Graph): Promise<void>;
  /** Runs when an account has joined, before it is ready. */
  onJoin(listener: JoinListener): void;
  joined(graph: Graph, accountId: string): Promise<void>;
  /** Accounts that exist and cannot be used yet. */
  readonly unready: Set<string>;
  /** Creates the role that the management account assumes in a created account. */
  createAccessRole(graph: Graph, accountId: string, roleName: string): Promise<void>;
  /** Resolves when nothing is pending: every earlier event was emitted, or dropped without a trail. */
  idle(): Promise<void>;
  /** Cancels what is pending and waits up to two seconds for what is running. Idempotent. */
  stop(): Promise<void>;
}

export function newWorld(options: WorldOptions): World {
  const { emulator, emit } = options;
  const graphs: Graph[] = [];
  const listeners: JoinListener[] = [];
  const tasks = background(options.log);
  const world: World = {
    graphs,
    graphOf: (id) => graphs.find((graph) => graph.accounts.has(id)),
    delays: { creation: 200, readiness: 300, closure: 200, regionOptIn: 200, ...options.delays },
    reservedIds: [],
    unready: new Set(),
    announce: (event) =>
      tasks.follow(async () => {
        const recorded = event['detail-type'].endsWith('via CloudTrail') && world.covering;
        const found = recorded ? await recorded(event.account, event.region) : {};
        if (!('reason' in found)) await emit(event, event.account, event.region);
      }),
    later: (milliseconds, task) =>
      tasks.follow(async () => {
        await tasks.pause(milliseconds);
        await task();
      }),
    newAccountId: () => world.reservedIds.shift() ?? unusedId(world),
    async registerMembers(graph) {
      const accounts = [...graph.accounts.keys()];
      await emulator.admin('organization', { id: graph.id, accounts, policies: enforced(graph) });
    },
    onJoin: (listener) => void listeners.push(listener),
    async joined(graph, accountId) {
      await world.registerMembers(graph);
      for (const listener of listeners) await listener(graph, accountId);
    },
    createAccessRole: (graph, accountId, roleName) =>
      createAccessRole(emulator, graph.managementAccountId, accountId, roleName),
    idle: tasks.idle,
    stop: tasks.stop,
  };
  return world;
}

function unusedId(world: World): string {
  for (;;) {
    const id = String(400_000_000_000 + randomInt(100_000_000_000));
    if (!world.graphOf(id)) return id;
  }
}

async function createAccessRole(
  emulator: Emulator,
  managementAccountId: string,
  accountId: string,
  RoleName: string,
): Promise<void> {
  const iam = new IAM(emulator.root(accountId, 'us-east-1'));
  const Principal = { AWS: `arn:aws:iam::${managementAccountId}:root` };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole' }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.createRole({ RoleName, AssumeRolePolicyDocument });
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await iam.attachRolePolicy({ RoleName, PolicyArn });
  iam.destroy();
}
