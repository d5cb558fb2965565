import { z } from 'zod';
import { Refusal } from '../gateway/refusal.ts';
import type { Graph, Unit } from './graph.ts';
import { arn, constraint, findParent, newGraph, randomId, unitView } from './graph.ts';
import type { Context, Operation } from './operation.ts';
import { operation, page, paging } from './operation.ts';
import { tagList, writeTags } from './tags.ts';

const unitInput = z.object({
  ParentId: z.string(),
  Name: z.string().min(1).max(128),
  Tags: tagList.default([]),
});

const policyTypes = [{ Type: 'SERVICE_CONTROL_POLICY', Status: 'ENABLED' }];

/** The organization itself and its tree. */
export const unitOperations: Record<string, Operation> = {
  CreateOrganization: operation(
    'outsider',
    z.object({ FeatureSet: z.enum(['ALL', 'CONSOLIDATED_BILLING']).default('ALL') }),
    createOrganization,
  ),
  DescribeOrganization: operation('member', z.object({}), ({ graph }) => ({
    Organization: organizationView(graph),
  })),
  ListRoots: operation('administrator', z.object(paging), ({ graph }, input) =>
    page('Roots', input, [[graph.rootId, 'Root']], (Name, Id) => ({
      Id,
      Arn: arn(graph, 'root', Id),
      Name,
      PolicyTypes: policyTypes,
    })),
  ),
  CreateOrganizationalUnit: operation('management', unitInput, createUnit),
  DescribeOrganizationalUnit: operation(
    'administrator',
    z.object({ OrganizationalUnitId: z.string().regex(/^ou-/) }),
    ({ graph }, input) => ({
      OrganizationalUnit: unitView(
        graph,
        findParent(graph, input.OrganizationalUnitId, 'OrganizationalUnitNotFoundException'),
      ),
    }),
  ),
  ListOrganizationalUnitsForParent: operation(
    'administrator',
    z.object({ ParentId: z.string(), ...paging }),
    ({ graph }, input) =>
      page('OrganizationalUnits', input, children(graph.units, findParent(graph, input.ParentId)), (unit) =>
        unitView(graph, unit),
      ),
  ),
  ListParents: operation(
    'administrator',
    z.object({ ChildId: z.string(), ...paging }),
    ({ graph }, input) => {
      const child = graph.accounts.get(input.ChildId) ?? graph.units.get(input.ChildId);
      if (!child?.parentId) {
        throw new Refusal(
          'ChildNotFoundException',
          "We can't find an organizational unit or account with that id.",
        );
      }
      return {
        Parents: [
          { Id: child.parentId, Type: child.parentId === graph.rootId ? 'ROOT' : 'ORGANIZATIONAL_UNIT' },
        ],
      };
    },
  ),
  ListChildren: operation(
    'administrator',
    z.object({ ParentId: z.string(), ChildType: z.enum(['ACCOUNT', 'ORGANIZATIONAL_UNIT']), ...paging }),
    ({ graph }, input) => {
      const parent = findParent(graph, input.ParentId);
      const all = input.ChildType === 'ORGANIZATIONAL_UNIT' ? graph.units : graph.accounts;
      return page('Children', input, children(all, parent), ({ id }) => ({ Id: id, Type: input.ChildType }));
    },
  ),
};

function organizationView(graph: Graph): object {
  const management = graph.accounts.get(graph.managementAccountId);
  return {
    Id: graph.id,
    Arn: arn(graph, 'organization'),
    FeatureSet: 'ALL',
    MasterAccountArn: arn(graph, 'account', graph.managementAccountId),
    MasterAccountId: graph.managementAccountId,
    MasterAccountEmail: management?.email,
    AvailablePolicyTypes: policyTypes,
  };
}

async function createOrganization(
  { world, callerId }: Context,
  input: { FeatureSet: string },
): Promise<object> {
  if (world.graphOf(callerId)) {
    throw new Refusal(
      'AlreadyInOrganizationException',
      'This account is already a member of an organization.',
    );
  }
  if (input.FeatureSet !== 'ALL') {
    throw new Refusal('InvalidInputException', 'The sandbox has organizations with all features alone.');
  }
  const graph = newGraph(callerId, Date.now());
  world.graphs.push(graph);
  await world.registerMembers(graph);
  return { Organization: organizationView(graph) };
}

/** Those of all units or accounts that are directly below a parent, with their ids. */
function children<Child extends { id: string; parentId?: string }>(all: Map<string, Child>, parent: Unit) {
  return [...all].filter(([, one]) => one.parentId === parent.id);
}

function createUnit({ graph }: Context, input: z.infer<typeof unitInput>): object {
  const parent = findParent(graph, input.ParentId);
  if (children(graph.units, parent).some(([, unit]) => unit.name === input.Name)) {
    throw new Refusal(
      'DuplicateOrganizationalUnitException',
      'An organizational unit with the same name already exists there.',
    );
  }
  let depth = 1;
  for (let at: Unit | undefined = parent; at?.parentId; at = graph.units.get(at.parentId)) depth += 1;
  if (depth > 5) throw constraint('OU_DEPTH_LIMIT_EXCEEDED', 'An organization is at most five levels deep.');
  const unit = {
    id: `ou-${graph.rootId.slice(2)}-${randomId(8)}`,
    name: input.Name,
    parentId: parent.id,
  };
  graph.units.set(unit.id, unit);
  writeTags(graph, unit.id, input.Tags);
  return { OrganizationalUnit: unitView(graph, unit) };
}
