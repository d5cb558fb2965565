import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { AccessSettings } from '../../aws/roles.ts';
import type { Settings } from '../../settings/environment.ts';
import { organizationsRegion } from '../../settings/partition.ts';

const policyDocument = z.object({
  Version: z.string(),
  Statement: z.array(z.looseObject({ Sid: z.string() })),
});
export type AccessPolicy = z.infer<typeof policyDocument>;

/** The rights that Portcullis needs in an account, to verify its cells as well: two documents of docs, as delivered. */
export async function readAccessPolicy(): Promise<AccessPolicy> {
  const read = async (name: string) => {
    const file = new URL(`../../../docs/${name}.json`, import.meta.url);
    return policyDocument.parse(JSON.parse(await readFile(file, 'utf8')));
  };
  const [deployer, verify] = [await read('deployer-policy'), await read('verify-policy')];
  return { ...deployer, Statement: [...deployer.Statement, ...verify.Statement] };
}

/** Every ARN with the partition of the account that the template is used in. */
function inAnyPartition(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.startsWith('arn:aws:')
      ? { 'Fn::Sub': value.replace('arn:aws:', 'arn:$' + '{AWS::Partition}:') }
      : value;
  }
  if (Array.isArray(value)) return value.map(inAnyPartition);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, inAnyPartition(held)]));
}

interface Defaults extends AccessSettings {
  /** The principal that the role trusts. */
  readonly trusted: string;
}

const parameters = ({ accessRole, trusted, externalId = '' }: Defaults) => ({
  RoleName: {
    Type: 'String',
    Default: accessRole,
    AllowedPattern: '[\\w+=,.@-]{1,64}',
    Description: 'As PORTCULLIS_ACCESS_ROLE has it.',
  },
  TrustedPrincipal: {
    Type: 'String',
    Default: trusted,
    AllowedPattern: 'arn:aws[a-z-]*:iam::\\d{12}:(user|role)/.+',
    Description:
      "The ARN of the control plane's user or role, or of its deployer role. Never a whole account.",
  },
  ExternalId: {
    Type: 'String',
    Default: externalId,
    AllowedPattern: '|[\\w+=,.@:/-]{2,1224}',
    Description: 'As PORTCULLIS_EXTERNAL_ID has it; empty for none.',
  },
  Hub: {
    Type: 'String',
    Default: 'no',
    AllowedValues: ['yes', 'no'],
    Description: 'Whether this account is the hub (PORTCULLIS_HUB_ACCOUNT), which takes more rights.',
  },
});

const inlinePolicy = (PolicyName: string, Version: string, Statement: readonly unknown[]) => ({
  Type: 'AWS::IAM::RolePolicy',
  Properties: {
    RoleName: { Ref: 'Role' },
    PolicyName,
    PolicyDocument: { Version, Statement: inAnyPartition(Statement) },
  },
});

/**
 * The account of the trusted principal: IAM stores a principal that is named by its unique id, so that one created again
 * under its name would be locked out of every account. The condition names the one principal.
 */
const rootOfTrusted = {
  'Fn::Join': [
    ':',
    [
      'arn',
      { Ref: 'AWS::Partition' },
      'iam:',
      { 'Fn::Select': [4, { 'Fn::Split': [':', { Ref: 'TrustedPrincipal' }] }] },
      'root',
    ],
  ],
};

/**
 * The CloudFormation template of the access role, as YAML without short forms: the trust that the settings ask for,
 * and of the access policy what a member needs, the hub's part on request. Pure.
 */
export function accessTemplate({ Version, Statement }: AccessPolicy, defaults: Defaults): string {
  const forHub = ({ Sid }: { Sid: string }) => Sid.startsWith('Hub');
  const externalId = { 'sts:ExternalId': { Ref: 'ExternalId' } };
  const trust = {
    Effect: 'Allow',
    Principal: { AWS: rootOfTrusted },
    Action: 'sts:AssumeRole',
    Condition: {
      ArnEquals: { 'aws:PrincipalArn': { Ref: 'TrustedPrincipal' } },
      StringEquals: { 'Fn::If': ['HasExternalId', externalId, { Ref: 'AWS::NoValue' }] },
    },
  };
  const members = Statement.filter((statement) => !forHub(statement));
  return stringify(
    {
      AWSTemplateFormatVersion: '2010-09-09',
      Description: 'The role through which Portcullis wires this account and closes nothing by itself.',
      Parameters: parameters(defaults),
      Conditions: {
        HasExternalId: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'ExternalId' }, ''] }] },
        IsHub: { 'Fn::Equals': [{ Ref: 'Hub' }, 'yes'] },
      },
      Resources: {
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: {
            RoleName: { Ref: 'RoleName' },
            Description: 'Portcullis: wires this account (docs/access.md)',
            AssumeRolePolicyDocument: { Version, Statement: [trust] },
          },
        },
        Member: inlinePolicy('portcullis', Version, members),
        HubPart: {
          Condition: 'IsHub',
          ...inlinePolicy('portcullis-hub', Version, Statement.filter(forHub)),
        },
      },
      Outputs: { RoleArn: { Value: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
    },
    // CloudFormation reads YAML 1.1, where a bare no is false and a bare 2012-10-17 a date.
    { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' },
  );
}

/** The template as these settings and the caller's identity fill it in. */
export async function accessTemplateFor(
  aws: { trusted(): Promise<string> },
  settings: AccessSettings,
): Promise<string> {
  const [policy, trusted] = await Promise.all([readAccessPolicy(), aws.trusted()]);
  return accessTemplate(policy, { ...settings, trusted });
}

const consoles: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
  'aws-cn': 'console.amazonaws.cn',
};

/**
 * The page of the AWS console that makes the role from the template in the bucket, filled in; none where
 * PORTCULLIS_TEMPLATE_URL is not set. Source: "Create quick-create links for stacks", CloudFormation user guide.
 */
export function quickCreateLink({
  settings,
  accountId,
  partition,
  trusted,
}: {
  readonly settings: AccessSettings & Pick<Settings, 'hub'> & Partial<Pick<Settings, 'templateUrl'>>;
  readonly accountId: string;
  readonly partition: string;
  readonly trusted: string;
}): string | undefined {
  const { templateUrl, accessRole, externalId, hub } = settings;
  const page = consoles[partition];
  if (!templateUrl || !page) return undefined;
  const region = organizationsRegion(partition);
  const query = new URLSearchParams({
    templateURL: templateUrl,
    stackName: 'portcullis-access',
    param_RoleName: accessRole,
    param_TrustedPrincipal: trusted,
    ...(externalId && { param_ExternalId: externalId }),
    ...(accountId === hub.accountId && { param_Hub: 'yes' }),
  });
  // A space is %20 here: the console takes what follows the hash for a path.
  const filled = query.toString().replaceAll('+', '%20');
  return `https://${region}.${page}/cloudformation/home?region=${region}#/stacks/quickcreate?${filled}`;
}
