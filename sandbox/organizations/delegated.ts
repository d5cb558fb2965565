import { z } from 'zod';
import { Refusal } from '../gateway/refusal.ts';
import type { Graph } from './graph.ts';

const texts = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const document = z.object({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.object({
      Effect: z.literal('Allow'),
      Principal: z.object({ AWS: texts }),
      Action: texts,
      Resource: texts,
    }),
  ),
});

/** A delegation policy's statements as far as the sandbox knows them: it allows, for all resources. */
export function readDelegation(content: string): z.infer<typeof document> {
  let parsed: ReturnType<typeof document.safeParse>;
  try {
    parsed = document.safeParse(JSON.parse(content));
  } catch {
    throw new Refusal('MalformedPolicyDocumentException', 'The policy is no JSON.');
  }
  if (parsed.success) return parsed.data;
  throw new Refusal('MalformedPolicyDocumentException', z.prettifyError(parsed.error));
}

const fits = (pattern: string, action: string): boolean =>
  new RegExp(`^${pattern.replace(/[.+^$()|[\]\\{}]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(action);

/** Whether the delegation policy lets a member account call an operation, as the management account may. */
export function delegated({ resourcePolicy }: Graph, accountId: string, action: string): boolean {
  if (resourcePolicy === undefined) return false;
  const principals = [accountId, `arn:aws:iam::${accountId}:root`];
  return readDelegation(resourcePolicy).Statement.some(
    (statement) =>
      statement.Principal.AWS.some((principal) => principals.includes(principal)) &&
      statement.Action.some((pattern) => fits(pattern, `organizations:${action}`)),
  );
}
