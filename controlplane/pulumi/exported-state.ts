import { z } from 'zod';

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  custom: z.boolean().optional(),
  parent: z.string().optional(),
  provider: z.string().optional(),
  retainOnDelete: z.boolean().optional(),
  dependencies: z.array(z.string()).nullish(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  created: z.string().optional(),
  modified: z.string().optional(),
});
const exported = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resource).nullish(),
    pending_operations: z.array(z.looseObject({ type: z.string(), resource })).nullish(),
  }),
});

/** What `pulumi stack export` wrote. Fields that are not named here stay in it. @throws where it is not such a text */
export function readExport(text: string) {
  const whole = exported.parse(JSON.parse(text));
  const { resources, pending_operations: pending } = whole.deployment;
  return { whole, resources: resources ?? [], pending: pending ?? [] };
}
