import { z } from 'zod';
import { Refusal } from '../gateway/refusal.ts';
import { readDelegation } from './delegated.ts';
import { arn, type Graph } from './graph.ts';
import { type Operation, operation } from './operation.ts';

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
    readDelegation(input.Content);
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
