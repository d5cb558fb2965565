import { z } from 'zod';
import { Refusal } from '../gateway/refusal.ts';
import { attachedTo, fullAccess, fullAccessId, policiesOf } from './control-policies.ts';
import { accessDenied, type ControlPolicy, constraint, type Graph, mustExist, randomId } from './graph.ts';
import { type Context, type Operation, operation, page, paging } from './operation.ts';

/** Source: "Quotas and service limits", AWS Organizations user guide. */
const mostCharacters = 5120;
const mostAttached = 5;

const type = z.literal('SERVICE_CONTROL_POLICY');
const statement = z.object({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: z.union([z.string(), z.array(z.string())]).optional(),
  NotAction: z.union([z.string(), z.array(z.string())]).optional(),
  Resource: z.union([z.string(), z.array(z.string())]).optional(),
  NotResource: z.union([z.string(), z.array(z.string())]).optional(),
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
const document = z.strictObject({
  Version: z.literal('2012-10-17'),
  Id: z.string().optional(),
  Statement: z.union([statement.transform((one) => [one]), z.array(statement).min(1)]),
});
const policyId = z.string().regex(/^p-[0-9a-zA-Z_]{8,128}$/);
const target = z.object({ PolicyId: policyId, TargetId: z.string() });

/** Service control policies. They are enabled from the first, as in an organization with all features. */
export const policyOperations: Record<string, Operation> = {
  CreatePolicy: operation(
    'management',
    z.object({
      Content: z.string().min(1),
      Description: z.string().max(512),
      Name: z.string().min(1).max(128),
      Type: type,
    }),
    createPolicy,
  ),
  UpdatePolicy: operation(
    'management',
    z.object({ PolicyId: policyId, Content: z.string().min(1) }),
    async ({ world, graph }, input) => {
      const policy = ownPolicy(graph, input.PolicyId);
      policy.content = checked(input.Content);
      await world.registerMembers(graph);
      return { Policy: { PolicySummary: summary(graph, policy), Content: policy.content } };
    },
  ),
  DescribePolicy: operation('administrator', z.object({ PolicyId: policyId }), ({ graph }, input) => {
    const policy = findPolicy(graph, input.PolicyId);
    return { Policy: { PolicySummary: summary(graph, policy), Content: policy.content } };
  }),
  DeletePolicy: operation('management', z.object({ PolicyId: policyId }), ({ graph }, input) => {
    const policy = ownPolicy(graph, input.PolicyId);
    if (targets(graph).some(([id]) => attachedTo(graph, id).has(policy.id)))
      throw new Refusal('PolicyInUseException', 'The policy is attached to one or more entities.');
    graph.policies.delete(policy.id);
    return {};
  }),
  ListPolicies: operation('administrator', z.object({ Filter: type, ...paging }), ({ graph }, input) =>
    page('Policies', input, policiesOf(graph), (policy) => summary(graph, policy)),
  ),
  AttachPolicy: operation('management', target, attachPolicy),
  DetachPolicy: operation('management', target, detachPolicy),
  ListPoliciesForTarget: operation(
    'administrator',
    z.object({ TargetId: z.string(), Filter: type, ...paging }),
    ({ graph }, input) => {
      mustExist(graph, input.TargetId);
      const attached = attachedTo(graph, input.TargetId);
      const shown = [...policiesOf(graph)].filter(([id]) => attached.has(id));
      return page('Policies', input, shown, (policy) => summary(graph, policy));
    },
  ),
  ListTargetsForPolicy: operation(
    'administrator',
    z.object({ PolicyId: policyId, ...paging }),
    ({ graph }, input) => {
      const { id: policy } = findPolicy(graph, input.PolicyId);
      const found = targets(graph).filter(([id]) => attachedTo(graph, id).has(policy));
      return page('Targets', input, found, ({ name, type }, TargetId) => ({
        TargetId,
        Name: name,
        Type: type,
      }));
    },
  ),
};

async function createPolicy(
  { graph }: Context,
  input: { Content: string; Description: string; Name: string },
): Promise<object> {
  if ([...policiesOf(graph).values()].some(({ name }) => name === input.Name))
    throw new Refusal('DuplicatePolicyException', 'A policy with the same name already exists.');
  const policy = {
    id: `p-${randomId(8)}`,
    name: input.Name,
    description: input.Description,
    content: checked(input.Content),
  };
  graph.policies.set(policy.id, policy);
  return { Policy: { PolicySummary: summary(graph, policy), Content: policy.content } };
}

async function attachPolicy({ world, graph }: Context, input: z.infer<typeof target>): Promise<object> {
  const { id } = findPolicy(graph, input.PolicyId);
  mustExist(graph, input.TargetId);
  const attached = attachedTo(graph, input.TargetId);
  if (attached.has(id))
    throw new Refusal('DuplicatePolicyAttachmentException', 'The selected policy is already attached.');
  if (attached.size >= mostAttached)
    throw constraint('MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED', 'Five policies are attached already.');
  graph.attachments.set(input.TargetId, new Set([...attached, id]));
  await world.registerMembers(graph);
  return {};
}

async function detachPolicy({ world, graph }: Context, input: z.infer<typeof target>): Promise<object> {
  const { id } = findPolicy(graph, input.PolicyId);
  mustExist(graph, input.TargetId);
  const attached = new Set(attachedTo(graph, input.TargetId));
  if (!attached.delete(id))
    throw new Refusal('PolicyNotAttachedException', "The policy isn't attached to the specified target.");
  if (attached.size === 0)
    throw constraint('MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED', 'One policy has to stay attached.');
  graph.attachments.set(input.TargetId, attached);
  await world.registerMembers(graph);
  return {};
}

/** @throws MalformedPolicyDocumentException, ConstraintViolationException */
function checked(content: string): string {
  if (content.length > mostCharacters)
    throw constraint('POLICY_CONTENT_LIMIT_EXCEEDED', 'You have exceeded the maximum policy size.');
  try {
    const { Statement } = document.parse(JSON.parse(content));
    const isWhole = Statement.every(
      (one) => (one.Action === undefined) !== (one.NotAction === undefined) && one.Resource !== undefined,
    );
    if (isWhole) return content;
  } catch {
    // AWS gives one error for all of these.
  }
  throw new Refusal(
    'MalformedPolicyDocumentException',
    'The provided policy document does not meet the requirements of the specified policy type.',
  );
}

function findPolicy(graph: Graph, id: string): ControlPolicy {
  const policy = policiesOf(graph).get(id);
  if (!policy) throw new Refusal('PolicyNotFoundException', "We can't find a policy with that id.");
  return policy;
}

function ownPolicy(graph: Graph, id: string): ControlPolicy {
  const policy = findPolicy(graph, id);
  if (policy.id === fullAccessId) throw accessDenied('An AWS managed policy cannot be changed.');
  return policy;
}

/** The root, every unit and every account, by id. */
function targets(graph: Graph): [string, { name: string; type: string }][] {
  return [...graph.units, ...graph.accounts].map(([id, { name }]) => {
    const unit = id === graph.rootId ? 'ROOT' : 'ORGANIZATIONAL_UNIT';
    return [id, { name, type: graph.units.has(id) ? unit : 'ACCOUNT' }];
  });
}

function summary(graph: Graph, { id, name, description }: ControlPolicy): object {
  const owner = id === fullAccess.id ? 'aws' : graph.managementAccountId;
  const within = id === fullAccess.id ? '' : `${graph.id}/`;
  return {
    Id: id,
    Arn: `arn:aws:organizations::${owner}:policy/${within}service_control_policy/${id}`,
    Name: name,
    Description: description,
    Type: 'SERVICE_CONTROL_POLICY',
    AwsManaged: id === fullAccess.id,
  };
}
