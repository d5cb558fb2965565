import { z } from 'zod';
import { arn, type Graph } from './organization-graph.ts';
import { type Operation, operation } from './organization-operation.ts';
import { Refusal } from './refusal.ts';

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
function read(content: string): z.infer<typeof document> {
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
  return read(resourcePolicy).Statement.some(
    (statement) =>
      statement.Principal.AWS.some((principal) => principals.includes(principal)) &&
      statement.Action.some((pattern) => fits(pattern, `organizations:${action}`)),
  );
}

const view = (graph: Graph) => ({
  ResourcePolicy: {
    ResourcePolicySummary: {
      Id: 'rp-sandbox0',
      Arn: `${arn(graph, 'organization').replace(':organization/', ':resourcepolicy/')}/rp-sandbox0`,
    },
    Content: graph.resourcePolicy,
  },
});

/** The delegation policy, by which the management account lets members read the organization. */
export const resourcePolicyOperations: Record<string, Operation> = {
  PutResourcePolicy: operation('management', z.object({ Content: z.string() }), ({ graph }, input) => {
    read(input.Content);
    graph.resourcePolicy = input.Content;
    return view(graph);
  }),
  DescribeResourcePolicy: operation('administrator', z.object({}), ({ graph }) => {
    if (graph.resourcePolicy !== undefined) return view(graph);
    throw new Refusal('ResourcePolicyNotFoundException', "We can't find a resource policy.");
  }),
  DeleteResourcePolicy: operation('management', z.object({}), ({ graph }) => {
    graph.resourcePolicy = undefined;
    return {};
  }),
};
