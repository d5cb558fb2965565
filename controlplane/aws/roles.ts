import { roleArn } from '../../programs/names.ts';
import type { Settings } from '../settings/environment.ts';

export type AccessSettings = Pick<Settings, 'accessRole'> &
  Partial<Pick<Settings, 'externalId' | 'deployerRoleArn' | 'organizationsRoleArn'>>;

export const accountOf = (arn: string): string => arn.split(':')[4] ?? '';

/**
 * The chain of roles into an account; empty when own credentials are used. Without a deployer role the caller's own
 * account needs none. With one, every account is accessed through it, including the caller's, so that the caller
 * needs only the permission to assume it.
 */
export function rolesInto(
  accountId: string,
  caller: { readonly accountId: string; readonly partition: string },
  { accessRole, deployerRoleArn }: AccessSettings,
): readonly string[] {
  const access = roleArn({ partition: caller.partition, accountId }, accessRole);
  if (!deployerRoleArn) return caller.accountId === accountId ? [] : [access];
  return accountOf(deployerRoleArn) === accountId ? [deployerRoleArn] : [deployerRoleArn, access];
}

/**
 * The principal that access roles must trust: the deployer role, or else the caller. A session is named by its role.
 * STS omits the role's path, so a role with a path must be set in the template by hand.
 */
export function trustedPrincipal(callerArn: string, { deployerRoleArn }: AccessSettings): string {
  if (deployerRoleArn) return deployerRoleArn;
  const session = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(callerArn);
  return session ? `arn:${session[1]}:iam::${session[2]}:role/${session[3]}` : callerArn;
}
