import type { Answer, Call, Forward, Interceptor } from '../gateway/call.ts';
import { jsonAnswer, Refusal, refusalAnswer, refusedByEmulator, unknownCaller } from '../gateway/refusal.ts';
import { accountOperations } from './accounts.ts';
import { delegationOperations } from './delegation.ts';
import type { Outcome } from './events.ts';
import { createManagedAccount, organizationsCall } from './events.ts';
import type { Graph } from './graph.ts';
import { findAccount } from './graph.ts';
import { handshakeOperations } from './handshakes.ts';
import type { Operation } from './operation.ts';
import { admit, perform } from './operation.ts';
import { policyOperations } from './policies.ts';
import { resourcePolicyOperations } from './resource-policy.ts';
import { tagOperations } from './tags.ts';
import { unitOperations } from './units.ts';
import type { World, WorldOptions } from './world.ts';
import { newWorld } from './world.ts';

export interface OrganizationOptions extends WorldOptions {
  /** The `userIdentity` of a call's CloudTrail record. */
  identify: (call: Call) => Promise<object>;
}

/** AWS Organizations for every account of the sandbox. */
export interface Organization {
  /** In this order, before all others: closed accounts refuse every call, then the Organizations API. */
  interceptors: Interceptor[];
  world: World;
  /** The organization that an account is in. */
  graphOf(accountId: string): Graph | undefined;
  /** Emits Control Tower's event for a member, as if Control Tower had enrolled it. @throws AccountNotFoundException */
  enrolInControlTower(managementAccountId: string, accountId: string): void;
  /** Makes a closed account active again. @throws AccountNotFoundException */
  reinstate(accountId: string): void;
  /** The organizations with their accounts, for inspection. */
  snapshot(): object[];
  /** Cancels work in progress. Idempotent. */
  stop(): Promise<void>;
}

const operations: Record<string, Operation> = {
  ...unitOperations,
  ...accountOperations,
  ...handshakeOperations,
  ...delegationOperations,
  ...tagOperations,
  ...policyOperations,
  ...resourcePolicyOperations,
};

export function organization(options: OrganizationOptions): Organization {
  const world = newWorld(options);
  return {
    interceptors: [closedAccounts(world), organizationsApi(world, options.identify)],
    world,
    graphOf: world.graphOf,
    enrolInControlTower(managementAccountId, accountId) {
      const graph = world.graphOf(managementAccountId);
      if (!graph) throw new Error(`account ${managementAccountId} is in no organization`);
      world.announce(createManagedAccount(graph, findAccount(graph, accountId)));
    },
    reinstate(accountId) {
      const graph = world.graphOf(accountId);
      if (!graph) throw new Error(`account ${accountId} is in no organization`);
      findAccount(graph, accountId).state = 'ACTIVE';
    },
    snapshot: () =>
      world.graphs.map((graph) => ({
        id: graph.id,
        managementAccountId: graph.managementAccountId,
        rootId: graph.rootId,
        units: [...graph.units.values()],
        accounts: [...graph.accounts.values()],
      })),
    stop: world.stop,
  };
}

function organizationsApi(world: World, identify: OrganizationOptions['identify']): Interceptor {
  return {
    name: 'organizations',
    matches: (call) => call.service === 'organizations',
    async handle(call, forward) {
      const refused = await refusedByEmulator(forward);
      if (refused) return refused;
      const { answer, outcome } = await serve(world, call);
      if (!/^(Describe|List)/.test(call.action)) {
        const identity = await identify(call);
        world.announce(organizationsCall(call, identity, outcome));
      }
      return answer;
    },
  };
}

async function serve(world: World, call: Call): Promise<{ answer: Answer; outcome: Outcome }> {
  try {
    const operation = Object.hasOwn(operations, call.action) ? operations[call.action] : undefined;
    if (!operation) {
      throw new Refusal('UnknownOperationException', `The sandbox's Organizations has no ${call.action}.`);
    }
    const context = admit(world, call.accountId, operation, call.action);
    const response = await perform(context, operation, call.parameters);
    return { answer: jsonAnswer(200, response), outcome: { responseElements: response } };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const outcome = { errorCode: error.code, errorMessage: error.message };
    return { answer: refusalAnswer(call, error), outcome };
  }
}

/** Refuses calls of accounts that are suspended or still being set up, and AssumeRole into them. */
function closedAccounts(world: World): Interceptor {
  const closed = (id: string): string | undefined => {
    if (world.unready.has(id)) return `Account ${id} is still being set up.`;
    const state = world.graphOf(id)?.accounts.get(id)?.state;
    return state === 'SUSPENDED' || state === 'CLOSED'
      ? `Account ${id} is ${state.toLowerCase()}.`
      : undefined;
  };
  const entered = (call: Call): string =>
    call.service === 'sts' && call.action === 'AssumeRole'
      ? (String(call.parameters.RoleArn).split(':')[4] ?? '')
      : '';
  return {
    name: 'closed accounts',
    matches: (call) => closed(call.accountId) !== undefined || closed(entered(call)) !== undefined,
    async handle(call: Call, forward: Forward) {
      const own = closed(call.accountId);
      if (own !== undefined) return unknownCaller(call, own);
      const target = closed(entered(call));
      if (target === undefined) return forward();
      return refusalAnswer(call, new Refusal('AccessDenied', target, {}, 403));
    },
  };
}
