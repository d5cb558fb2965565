import { z } from 'zod';
import { Refusal } from '../gateway/refusal.ts';
import { accountJoined } from './events.ts';
import type { Account, Graph, Handshake } from './graph.ts';
import { accessDenied, arn, randomId } from './graph.ts';
import type { Context, Operation } from './operation.ts';
import { operation, page, paging } from './operation.ts';
import type { World } from './world.ts';

const invitation = z.object({
  Target: z.object({ Id: z.string(), Type: z.enum(['ACCOUNT', 'EMAIL']) }),
  Notes: z.string().max(1024).optional(),
});
const one = z.object({ HandshakeId: z.string().regex(/^h-[0-9a-z]{8,32}$/) });

/**
 * Invitations: the management account sends them, the invited account accepts. An invited account gets no access role.
 */
export const handshakeOperations: Record<string, Operation> = {
  InviteAccountToOrganization: operation('management', invitation, invite),
  AcceptHandshake: operation('outsider', one, accept),
  DeclineHandshake: operation('outsider', one, ({ world, callerId }, input) => {
    const { graph, handshake } = open(world, input.HandshakeId, callerId);
    handshake.state = 'DECLINED';
    return { Handshake: handshakeView(graph, handshake) };
  }),
  CancelHandshake: operation('management', one, ({ world, callerId }, input) => {
    const { graph, handshake } = open(world, input.HandshakeId, callerId);
    handshake.state = 'CANCELED';
    return { Handshake: handshakeView(graph, handshake) };
  }),
  ListHandshakesForAccount: operation('outsider', z.object(paging), ({ world, callerId }, input) => {
    const views = world.graphs.flatMap((graph) =>
      [...graph.handshakes.values()]
        .filter((handshake) => handshake.accountId === callerId)
        .map((handshake) => [handshake.id, handshakeView(graph, handshake)] as const),
    );
    return page('Handshakes', input, views, (view) => view);
  }),
};

function handshakeView(graph: Graph, handshake: Handshake): object {
  const organization = { Id: graph.id, Type: 'ORGANIZATION' };
  return {
    Id: handshake.id,
    Arn: arn(graph, 'handshake', handshake.id),
    Action: 'INVITE',
    State: handshake.state,
    Parties: [organization, { Id: handshake.accountId, Type: 'ACCOUNT' }],
    RequestedTimestamp: handshake.requested / 1000,
    ExpirationTimestamp: handshake.requested / 1000 + 15 * 24 * 3600,
    Resources: [
      { Type: 'ORGANIZATION', Value: graph.id },
      { Type: 'ACCOUNT', Value: handshake.accountId },
      ...(handshake.notes === undefined ? [] : [{ Type: 'NOTES', Value: handshake.notes }]),
    ],
  };
}

function invite({ graph }: Context, input: z.infer<typeof invitation>): object {
  if (input.Target.Type !== 'ACCOUNT' || !/^\d{12}$/.test(input.Target.Id)) {
    throw new Refusal('InvalidInputException', 'The sandbox invites accounts by their id.', {
      Reason: 'INVALID_PARTY_TYPE_TARGET',
    });
  }
  const id = input.Target.Id;
  if (graph.accounts.has(id)) {
    throw new Refusal('DuplicateAccountException', 'That account is already a member of this organization.');
  }
  if ([...graph.handshakes.values()].some((sent) => sent.accountId === id && sent.state === 'OPEN')) {
    throw new Refusal(
      'DuplicateHandshakeException',
      'A handshake with the same action and target already exists.',
    );
  }
  const handshake: Handshake = {
    id: `h-${randomId(32)}`,
    accountId: id,
    state: 'OPEN',
    requested: Date.now(),
    ...(input.Notes === undefined ? {} : { notes: input.Notes }),
  };
  graph.handshakes.set(handshake.id, handshake);
  return { Handshake: handshakeView(graph, handshake) };
}

async function accept({ world, callerId }: Context, input: { HandshakeId: string }): Promise<object> {
  const { graph, handshake } = open(world, input.HandshakeId, callerId);
  if (callerId !== handshake.accountId) throw accessDenied();
  if (world.graphOf(callerId)) {
    throw new Refusal(
      'HandshakeConstraintViolationException',
      'The account is already a member of an organization.',
      { Reason: 'ALREADY_IN_AN_ORGANIZATION' },
    );
  }
  handshake.state = 'ACCEPTED';
  const account: Account = {
    id: callerId,
    name: `account ${callerId}`,
    email: `${callerId}@example.com`,
    state: 'ACTIVE',
    joinedMethod: 'INVITED',
    joined: Date.now(),
    parentId: graph.rootId,
  };
  graph.accounts.set(callerId, account);
  await world.joined(graph, callerId);
  world.announce(accountJoined(graph, account));
  return { Handshake: handshakeView(graph, handshake) };
}

/** An open handshake that the caller is a party to. @throws HandshakeNotFoundException and the like */
function open(world: World, id: string, callerId: string): { graph: Graph; handshake: Handshake } {
  for (const graph of world.graphs) {
    const handshake = graph.handshakes.get(id);
    if (!handshake) continue;
    if (callerId !== handshake.accountId && callerId !== graph.managementAccountId) throw accessDenied();
    if (handshake.state !== 'OPEN') {
      throw new Refusal('HandshakeAlreadyInStateException', `The handshake is already ${handshake.state}.`);
    }
    return { graph, handshake };
  }
  throw new Refusal(
    'HandshakeNotFoundException',
    "We can't find a handshake with the id that you specified.",
  );
}
