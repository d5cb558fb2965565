import type { Aws } from '../protocol/clients.ts';
import type { Properties } from '../protocol/field.ts';
import {
  integer,
  name,
  namedBy,
  ofFound,
  optional,
  type Resource,
  string,
  tagged,
  tagList,
  tagMap,
  text,
  unless,
  whileIamSettles,
} from '../protocol/resource.ts';

const notFound = ['NoSuchEntityException'];
const document = { kind: 'policy', required: true } as const;

export const Role: Resource = {
  inputs: {
    name,
    assumeRolePolicy: document,
    description: text,
    path: { kind: 'string', default: '/', replace: true },
    maxSessionDuration: { ...integer, default: 3_600 },
    permissionsBoundary: text,
    ...tagged,
  },
  outputs: ['arn', 'uniqueId', 'createDate'],
  notFound,
  ...namedBy('name'),
  async create(aws, inputs) {
    const iam = await aws.iam();
    const RoleName = string(inputs, 'name');
    await whileIamSettles(() =>
      iam.createRole({
        RoleName,
        AssumeRolePolicyDocument: string(inputs, 'assumeRolePolicy'),
        Description: optional(inputs, 'description'),
        Path: optional(inputs, 'path'),
        MaxSessionDuration: optional(inputs, 'maxSessionDuration'),
        PermissionsBoundary: optional(inputs, 'permissionsBoundary'),
        Tags: tagList(inputs.tags),
      }),
    );
    return RoleName;
  },
  async read(aws, known) {
    const iam = await aws.iam();
    const RoleName = string(known, 'name');
    const { Role: role } = await iam.getRole({ RoleName });
    if (!role) return undefined;
    // as the official provider does at every read, also where the program names no policies of the role
    const { PolicyNames = [] } = await ofFound(iam.listRolePolicies({ RoleName }));
    for (const PolicyName of PolicyNames)
      await unless(iam.getRolePolicy({ RoleName, PolicyName }), ...notFound);
    await ofFound(iam.listAttachedRolePolicies({ RoleName }));
    return {
      name: role.RoleName,
      assumeRolePolicy: decodeURIComponent(role.AssumeRolePolicyDocument ?? ''),
      description: role.Description,
      path: role.Path,
      maxSessionDuration: role.MaxSessionDuration,
      permissionsBoundary: role.PermissionsBoundary?.PermissionsBoundaryArn,
      arn: role.Arn,
      uniqueId: role.RoleId,
      createDate: role.CreateDate?.toISOString(),
      tags: tagMap(role.Tags),
    };
  },
  async update(aws, inputs, old) {
    const iam = await aws.iam();
    const RoleName = string(inputs, 'name');
    await whileIamSettles(() =>
      iam.updateAssumeRolePolicy({ RoleName, PolicyDocument: string(inputs, 'assumeRolePolicy') }),
    );
    // two calls, as the official provider makes them
    await iam.updateRoleDescription({ RoleName, Description: optional<string>(inputs, 'description') ?? '' });
    const MaxSessionDuration = optional<number>(inputs, 'maxSessionDuration') ?? 3_600;
    await iam.updateRole({ RoleName, MaxSessionDuration });
    const boundary = optional<string>(inputs, 'permissionsBoundary');
    if (boundary) await iam.putRolePermissionsBoundary({ RoleName, PermissionsBoundary: boundary });
    else if (optional(old, 'permissionsBoundary'))
      await unless(iam.deleteRolePermissionsBoundary({ RoleName }), ...notFound);
  },
  tag: async (aws, old, tags) =>
    (await aws.iam()).tagRole({ RoleName: string(old, 'name'), Tags: tagList(tags) }),
  untag: async (aws, old, TagKeys) => (await aws.iam()).untagRole({ RoleName: string(old, 'name'), TagKeys }),
  async delete(aws, old) {
    const iam = await aws.iam();
    const RoleName = string(old, 'name');
    await iam.listInstanceProfilesForRole({ RoleName });
    await iam.deleteRole({ RoleName });
  },
};

const policyOf = (properties: Properties) => ({
  RoleName: string(properties, 'role'),
  PolicyName: string(properties, 'name'),
});

async function putPolicy(aws: Aws, inputs: Properties): Promise<string> {
  const { RoleName, PolicyName } = policyOf(inputs);
  const PolicyDocument = string(inputs, 'policy');
  await (await aws.iam()).putRolePolicy({ RoleName, PolicyName, PolicyDocument });
  return `${RoleName}:${PolicyName}`;
}

export const RolePolicy: Resource = {
  inputs: { name, role: name, policy: document },
  outputs: [],
  notFound,
  identity: ['role', 'name'],
  parse(id) {
    const [role, policy] = id.split(':');
    return role && policy ? { role, name: policy } : undefined;
  },
  importForm: 'role:name',
  create: putPolicy,
  update: putPolicy,
  async read(aws, known) {
    const found = await (await aws.iam()).getRolePolicy(policyOf(known));
    return {
      role: found.RoleName,
      name: found.PolicyName,
      policy: decodeURIComponent(found.PolicyDocument ?? ''),
    };
  },
  delete: async (aws, old) => (await aws.iam()).deleteRolePolicy(policyOf(old)),
};
