import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import type { Provider } from '@pulumi/aws/provider.js';
import type { Input } from '@pulumi/pulumi';
import { tags } from './provider.ts';

interface RoleDefinition {
  readonly name: string;
  readonly description: string;
  /** The kind of its stack. */
  readonly stack: 'hub' | 'account';
  readonly trust: string;
  readonly permissions: Input<string>;
}

/** Declares a role with its policy and, where the settings name one, its permissions boundary. */
export function declareRole(
  provider: Provider,
  { permissionsBoundary }: { readonly permissionsBoundary?: string | undefined },
  { name, description, stack, trust, permissions }: RoleDefinition,
): { role: Role; permissions: RolePolicy } {
  const role = new Role(
    name,
    {
      ...{ name, description, assumeRolePolicy: trust, tags: tags(stack) },
      ...(permissionsBoundary && { permissionsBoundary }),
    },
    { provider },
  );
  const policy = new RolePolicy(name, { name, role: role.name, policy: permissions }, { provider });
  return { role, permissions: policy };
}
