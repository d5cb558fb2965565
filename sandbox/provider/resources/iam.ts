import type { Aws } from '../protocol/clients.ts';
import type { Properties } from '../protocol/field.ts';
import {
  integer,
  name,
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

const GONE = 'NoSuchEntityException';
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
  identity: ['name'],
  parse: (id) => ({ name: id }),
  importForm: 'name',
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
    const found = await unless(iam.getRole({ RoleName }), GONE);
    if (!found?.Role) return undefined;
    const role = found.Role;
    // as the official provider does at every read, also where the program names no policies of the role
    const { PolicyNames = [] } = await iam.listRolePolicies({ RoleName });
    for (const PolicyName of PolicyNames) await unless(iam.getRolePolicy({ RoleName, PolicyName }), GONE);
    await iam.listAttachedRolePolicies({ RoleName });
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
      await unless(iam.deleteRolePermissionsBoundary({ RoleName }), GONE);
  },
  async tag(aws, old, tags, remove) {
    const iam = await aws.iam();
    const RoleName = string(old, 'name');
    if (remove.length > 0) await iam.untagRole({ RoleName, TagKeys: remove });
    if (Object.keys(tags).length > 0) await iam.tagRole({ RoleName, Tags: tagList(tags) });
  },
  async delete(aws, old) {
    const iam = await aws.iam();
    const RoleName = string(old, 'name');
    await unless(iam.listInstanceProfilesForRole({ RoleName }), GONE);
    await unless(iam.deleteRole({ RoleName }), GONE);
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
  identity: ['role', 'name'],
  parse(id) {
    const [role, policy] = id.split(':');
    return role && policy ? { role, name: policy } : undefined;
  },
  importForm: 'role:name',
  create: putPolicy,
  async read(aws, known) {
    const found = await unless((await aws.iam()).getRolePolicy(policyOf(known)), GONE);
    if (!found) return undefined;
    return {
      role: found.RoleName,
      name: found.PolicyName,
      policy: decodeURIComponent(found.PolicyDocument ?? ''),
    };
  },
  async update(aws, inputs) {
    await putPolicy(aws, inputs);
  },
  async delete(aws, old) {
    await unless((await aws.iam()).deleteRolePolicy(policyOf(old)), GONE);
  },
};
