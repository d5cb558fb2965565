import type { Aws } from '../../aws/clients.ts';
import { isAssumeRefused, isDenied } from '../../aws/errors.ts';
import type { AccessSettings } from '../../aws/roles.ts';
import type { Settings } from '../../settings/environment.ts';
import { reasonOf } from '../../settings/errors.ts';
import { quickCreateLink } from './template.ts';

export type UnreachableSettings = Pick<Settings, 'hub'> &
  AccessSettings &
  Partial<Pick<Settings, 'templateUrl'>>;

const template =
  '`portcullis access-template` prints the CloudFormation template (also GET /v1/access-role.yaml)';

/** The role in the error's text that AWS denied. */
const refusedRole = (error: unknown): string | undefined =>
  /on resource: (arn:\S+)/.exec(reasonOf(error))?.[1]?.replace(/[.,]$/, '');

/** How to create the role; with a quick-create link when the template is in a bucket. */
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
  return `Create role ${role} in ${accountId}, trusting ${trusted}${condition}: ${template}${click}. The next inspection continues automatically`;
}

/** The cause and the fix: the role to create with its trust, or the missing permission. Contains no secret. */
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
    return `${what}. ${role ? 'The role can be assumed; it needs' : 'They need'} what docs/${role ? 'deployer' : 'control-plane'}-policy.json lists, and no service control policy may deny it`;
  }
  const { deployerRoleArn } = settings;
  if (deployerRoleArn && (role === deployerRoleArn || refusedRole(error) === deployerRoleArn)) {
    return `${what}. The deployer role ${deployerRoleArn} (PORTCULLIS_DEPLOYER_ROLE_ARN) must trust the control plane's identity, and that identity must be allowed sts:AssumeRole on it`;
  }
  return `${what}. ${await howToCreate(aws, settings, accountId)}`;
}
