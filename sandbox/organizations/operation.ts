import { z } from 'zod';
import { Refusal } from '../gateway/refusal.ts';
import { delegated } from './delegated.ts';
import type { Graph } from './graph.ts';
import { accessDenied, isAdministrator } from './graph.ts';
import type { World } from './world.ts';

/**
 * `administrator` is the management account, a delegated administrator, or a principal of the delegation policy;
 * `outsider` may be in no organization.
 */
export type Audience = 'management' | 'administrator' | 'member' | 'outsider';

export interface Context {
  world: World;
  /** The calling account. */
  callerId: string;
  /** The caller's organization. @throws AWSOrganizationsNotInUseException */
  readonly graph: Graph;
}

export interface Operation {
  audience: Audience;
  input: z.ZodType;
  run(context: Context, input: never): object | Promise<object>;
}

/** One row of the table of operations; `run` gets the input the schema has checked. */
export function operation<Schema extends z.ZodType>(
  audience: Audience,
  input: Schema,
  run: (context: Context, input: z.infer<Schema>) => object | Promise<object>,
): Operation {
  return { audience, input, run };
}

export const accountId = z.string().regex(/^\d{12}$/);

export const paging = { NextToken: z.string().optional(), MaxResults: z.int().min(1).max(20).optional() };

/** The context of a caller that may call. @throws AWSOrganizationsNotInUseException, AccessDeniedException */
export function admit(world: World, callerId: string, { audience }: Operation, action: string): Context {
  const found = world.graphOf(callerId);
  const context: Context = {
    world,
    callerId,
    get graph(): Graph {
      if (found) return found;
      throw new Refusal(
        'AWSOrganizationsNotInUseException',
        "Your account isn't a member of an organization.",
      );
    },
  };
  if (audience === 'outsider' || (audience === 'member' && context.graph)) return context;
  const allowed =
    audience === 'management'
      ? callerId === context.graph.managementAccountId
      : isAdministrator(context.graph, callerId) || delegated(context.graph, callerId, action);
  if (!allowed) throw accessDenied();
  return context;
}

/** Runs an operation on raw parameters. @throws InvalidInputException, and what the operation throws */
export async function perform(context: Context, operation: Operation, parameters: unknown): Promise<object> {
  const input = operation.input.safeParse(parameters);
  if (!input.success) {
    const issue = input.error.issues[0];
    throw new Refusal(
      'InvalidInputException',
      `You specified an invalid value for ${issue?.path.join('.')}: ${issue?.message}`,
      { Reason: issue?.code === 'invalid_type' ? 'INPUT_REQUIRED' : 'INVALID_PATTERN' },
    );
  }
  return operation.run(context, input.data as never);
}

/**
 * One page of a list, at most 20 items as in AWS, under `name`, with `NextToken` while there are more. The items come
 * with their keys, in whose order they are listed. A token names the last key given, so that a list that changes
 * between pages loses none and repeats none.
 */
export function page<Item>(
  name: string,
  input: { NextToken?: string | undefined; MaxResults?: number | undefined },
  items: Iterable<readonly [string, Item]>,
  view: (item: Item, key: string) => unknown,
): object {
  const after = input.NextToken === undefined ? '' : readToken(name, input.NextToken);
  const rest = [...items].filter(([key]) => key > after).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = rest.slice(0, input.MaxResults ?? 20);
  const last = shown.at(-1);
  const more = rest.length > shown.length && last !== undefined;
  return {
    [name]: shown.map(([key, item]) => view(item, key)),
    ...(more ? { NextToken: writeToken(name, last[0]) } : {}),
  };
}

function writeToken(name: string, last: string): string {
  return Buffer.from(JSON.stringify([name, last])).toString('base64url');
}

function readToken(name: string, token: string): string {
  const parsed = tokenText.safeParse(token);
  if (!parsed.success || parsed.data[0] !== name) {
    throw new Refusal('InvalidInputException', 'You specified an invalid next token.', {
      Reason: 'INVALID_NEXT_TOKEN',
    });
  }
  return parsed.data[1];
}

const tokenText = z
  .string()
  .transform((token, context) => {
    try {
      return JSON.parse(Buffer.from(token, 'base64url').toString()) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'not a token' });
      return z.NEVER;
    }
  })
  .pipe(z.tuple([z.string(), z.string()]));
