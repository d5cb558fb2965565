import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AcceptHandshakeCommand,
  InviteAccountToOrganizationCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { vi } from 'vitest';
import type { Sandbox } from '../../sandbox/sandbox.ts';
import { roleOf } from '../unit/controlplane/organization/cloudformation.ts';

export const management = '111111111111';
export const hub = '222222222222';
export const invited = '500000000001';

const allow = (Action: string | string[], Resource: string | string[] = '*') =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource }] });

/** What operators do by hand, by AWS calls to the sandbox. */
export function accessWorld(sandbox: Sandbox) {
  const iam = (accountId: string) => new IAMClient(sandbox.root(accountId));
  const organizations = (accountId: string) =>
    new OrganizationsClient({ ...sandbox.root(accountId, 'us-east-1'), maxAttempts: 1 });
  return {
    organizations,
    /** An account joins by invitation: it has no access role. */
    async invite(accountId: string): Promise<void> {
      const { Handshake } = await organizations(management).send(
        new InviteAccountToOrganizationCommand({ Target: { Id: accountId, Type: 'ACCOUNT' } }),
      );
      await organizations(accountId).send(new AcceptHandshakeCommand({ HandshakeId: Handshake?.Id }));
    },
    /** Creates what CloudFormation would from the template. */
    async createFrom(
      yaml: string,
      accountId: string,
      parameters: Record<string, string> = {},
    ): Promise<void> {
      const { RoleName, AssumeRolePolicyDocument, policies } = roleOf(yaml, parameters);
      await iam(accountId).send(
        new CreateRoleCommand({
          RoleName,
          AssumeRolePolicyDocument: JSON.stringify(AssumeRolePolicyDocument),
        }),
      );
      for (const { PolicyName, PolicyDocument } of policies) {
        await iam(accountId).send(
          new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument: JSON.stringify(PolicyDocument) }),
        );
      }
    },
    async removeRole(accountId: string, RoleName: string): Promise<void> {
      const { PolicyNames = [] } = await iam(accountId).send(new ListRolePoliciesCommand({ RoleName }));
      for (const PolicyName of PolicyNames)
        await iam(accountId).send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
      const attached = await iam(accountId).send(new ListAttachedRolePoliciesCommand({ RoleName }));
      for (const { PolicyArn } of attached.AttachedPolicies ?? [])
        await iam(accountId).send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
      await iam(accountId).send(new DeleteRoleCommand({ RoleName }));
    },
    /** A role that one principal may assume, and what it may do. */
    async createRole(accountId: string, RoleName: string, trusted: string, may: string): Promise<string> {
      const AssumeRolePolicyDocument = JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: trusted }, Action: 'sts:AssumeRole' }],
      });
      const { Role } = await iam(accountId).send(
        new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }),
      );
      await iam(accountId).send(
        new PutRolePolicyCommand({ RoleName, PolicyName: RoleName, PolicyDocument: may }),
      );
      return Role?.Arn ?? '';
    },
    /**
     * A role like the one that Organizations makes, which asks for an external id as well. The control plane's user may
     * assume it.
     */
    async createAdministrator(accountId: string, RoleName: string, externalId: string): Promise<void> {
      const statement = {
        ...{
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${management}:root` },
          Action: 'sts:AssumeRole',
        },
        Condition: { StringEquals: { 'sts:ExternalId': externalId } },
      };
      const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
      await iam(accountId).send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
      const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
      await iam(accountId).send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
      const UserName = 'portcullis-control-plane';
      const PolicyDocument = allow('sts:AssumeRole', `arn:aws:iam::*:role/${RoleName}`);
      await iam(management).send(
        new PutUserPolicyCommand({ UserName, PolicyName: RoleName, PolicyDocument }),
      );
    },
    /** From now on the process calls AWS as a new user of the account, who may do this and no more. */
    async becomeUser(accountId: string, UserName: string, may: string): Promise<string> {
      const { User } = await iam(accountId).send(new CreateUserCommand({ UserName }));
      await iam(accountId).send(
        new PutUserPolicyCommand({ UserName, PolicyName: UserName, PolicyDocument: may }),
      );
      const { AccessKey } = await iam(accountId).send(new CreateAccessKeyCommand({ UserName }));
      vi.stubEnv('AWS_ENDPOINT_URL', sandbox.endpoint);
      vi.stubEnv('AWS_ACCESS_KEY_ID', AccessKey?.AccessKeyId ?? '');
      vi.stubEnv('AWS_SECRET_ACCESS_KEY', AccessKey?.SecretAccessKey ?? '');
      return User?.Arn ?? '';
    },
    allow,
  };
}
