import { roleArn } from '../../programs/names.ts';
import type { Settings } from '../settings/environment.ts';

/** The part of the settings that says how accounts are entered. */
export type AccessSettings = Pick<Settings, 'accessRole'> &
  Partial<Pick<Settings, 'externalId' | 'deployerRoleArn' | 'organizationsRoleArn'>>;

/** The account that a role's ARN names. */
export const accountOf = (arn: string): string => arn.split(':')[4] ?? '';

/**
 * The roles to assume, one through the other, to act in an account; none where own credentials do. Without a deployer
 * role the caller's own account needs none. With one, its own account is entered as that role, and every other
 * account, the caller's too, through it and the account's access role: the caller needs no right but to assume it.
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
 * The principal that access roles have to trust: the deployer role, or else the caller. A role's session is named by
 * its role; STS leaves the path of a role out, so that a role with one has to be named in the template by hand.
 */
export function trustedPrincipal(callerArn: string, { deployerRoleArn }: AccessSettings): string {
  if (deployerRoleArn) return deployerRoleArn;
  const session = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(callerArn);
  return session ? `arn:${session[1]}:iam::${session[2]}:role/${session[3]}` : callerArn;
}
