import type { Aws } from '../../aws/clients.ts';
import { isAssumeRefused, isDenied } from '../../aws/errors.ts';
import type { AccessSettings } from '../../aws/roles.ts';
import type { Settings } from '../../settings/environment.ts';
import { reasonOf } from '../../settings/errors.ts';
import { quickCreateLink } from './template.ts';

export type UnreachableSettings = Pick<Settings, 'hub'> &
  AccessSettings &
  Partial<Pick<Settings, 'templateUrl'>>;

/** Where a person finds the template that makes the role. */
const template =
  '`portcullis access-template` prints the CloudFormation template (also GET /v1/access-role.yaml)';

/** Which role AWS refused to give, as its answer names it. */
const refusedRole = (error: unknown): string | undefined =>
  /on resource: (arn:\S+)/.exec(reasonOf(error))?.[1]?.replace(/[.,]$/, '');

/** What to create so that the role can be assumed, and with one click where the template lies in a bucket. */
async function howToCreate(
  aws: Pick<Aws, 'caller' | 'trusted'>,
  settings: UnreachableSettings,
  accountId: string,
): Promise<string> {
  const [{ partition }, trusted] = await Promise.all([aws.caller(), aws.trusted()]);
  const { externalId, accessRole: role } = settings;
  const condition = externalId ? ` with external id ${externalId}` : '';
  const link = quickCreateLink({ settings, accountId, partition, trusted });
  const click = link ? `; one click in that account: ${link}` : '';
  return `Create role ${role} in ${accountId}, trusting ${trusted}${condition}: ${template}${click}. It goes on by itself then`;
}

/**
 * Why an account cannot be entered and what mends it: which role to create, whom it has to trust and with what
 * external id, or which right it lacks. Safe to show.
 */
export async function whyUnreachable(
  aws: Pick<Aws, 'caller' | 'trusted' | 'accessRoleArn'>,
  settings: UnreachableSettings,
  accountId: string,
  error: unknown,
): Promise<string> {
  const role = await aws.accessRoleArn(accountId);
  const through = role ?? "the control plane's own credentials";
  const what = `${accountId} cannot be reached through ${through}: ${reasonOf(error)}`;
  if (!isDenied(error)) return what;
  if (!isAssumeRefused(error)) {
    return `${what}. ${role ? 'The role can be assumed; it needs' : 'They need'} what docs/${role ? 'deployer' : 'control-plane'}-policy.json lists, and no service control policy may take it away`;
  }
  const { deployerRoleArn } = settings;
  if (deployerRoleArn && (role === deployerRoleArn || refusedRole(error) === deployerRoleArn)) {
    return `${what}. The deployer role ${deployerRoleArn} (PORTCULLIS_DEPLOYER_ROLE_ARN) has to trust the control plane's identity, and that has to be allowed sts:AssumeRole on it`;
  }
  return `${what}. ${await howToCreate(aws, settings, accountId)}`;
}
