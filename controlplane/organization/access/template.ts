import { readFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { z } from 'zod';
import { consoleHost, partitionNamed } from '../../../lambda/policy/partitions.ts';
import type { AccessSettings } from '../../aws/roles.ts';
import type { Settings } from '../../settings/environment.ts';

const policyDocument = z.object({
  Version: z.string(),
  Statement: z.array(z.looseObject({ Sid: z.string() })),
});
export type AccessPolicy = z.infer<typeof policyDocument>;

/** The access policy of an account, including the hub's part, verification and what follows from sweeps, from the documents in docs. */
export async function readAccessPolicy(): Promise<AccessPolicy> {
  const read = async (name: string) => {
    const file = new URL(`../../../docs/${name}.json`, import.meta.url);
    return policyDocument.parse(JSON.parse(await readFile(file, 'utf8')));
  };
  const documents = ['deployer-policy', 'deployer-hub-policy', 'verify-policy', 'sweep-action-policy'];
  const [first, ...more] = await Promise.all(documents.map(read));
  if (!first) throw new Error('there is no access policy');
  // The rest of it is for the principal that enters the accounts.
  const swept = (await read('sweep-policy')).Statement.filter(({ Sid }) => Sid.startsWith('ReadEach'));
  return { ...first, Statement: [...[first, ...more].flatMap(({ Statement }) => Statement), ...swept] };
}

/** Replaces the partition of every ARN with that of the account that uses the template. */
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

interface Defaults extends AccessSettings, Partial<Pick<Settings, 'securityHub'>> {
  readonly trusted: string;
}

const parameters = ({ accessRole, trusted, externalId = '', securityHub = false }: Defaults) => ({
  RoleName: {
    Type: 'String',
    Default: accessRole,
    AllowedPattern: '[\\w+=,.@-]{1,64}',
    Description: 'The value of PORTCULLIS_ACCESS_ROLE.',
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
    Description: 'The value of PORTCULLIS_EXTERNAL_ID; empty for none.',
  },
  Hub: {
    Type: 'String',
    Default: 'no',
    AllowedValues: ['yes', 'no'],
    Description: 'Whether this account is the hub (PORTCULLIS_HUB_ACCOUNT), which needs more permissions.',
  },
  SecurityHub: {
    Type: 'String',
    Default: securityHub ? 'yes' : 'no',
    AllowedValues: ['yes', 'no'],
    Description: 'Whether findings are imported into Security Hub CSPM (PORTCULLIS_SECURITY_HUB).',
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
 * Trusts the account, with a condition on the one principal. IAM would store a principal by its unique id, so that a
 * recreated principal of the same name could access no account.
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
 * The CloudFormation template of the access role, as YAML without short forms: the trust that the settings require
 * and the access policy of a member, on request with the hub's part. Pure.
 */
export function accessTemplate({ Version, Statement }: AccessPolicy, defaults: Defaults): string {
  const forHub = ({ Sid }: { Sid: string }) => Sid.startsWith('Hub');
  const forSecurityHub = ({ Sid }: { Sid: string }) => Sid.startsWith('SecurityHub');
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
  const members = Statement.filter((each) => !forHub(each) && !forSecurityHub(each));
  return stringify(
    {
      AWSTemplateFormatVersion: '2010-09-09',
      Description: 'Portcullis uses this role to wire the account. The role itself revokes nothing.',
      Parameters: parameters(defaults),
      Conditions: {
        HasExternalId: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'ExternalId' }, ''] }] },
        IsHub: { 'Fn::Equals': [{ Ref: 'Hub' }, 'yes'] },
        UsesSecurityHub: { 'Fn::Equals': [{ Ref: 'SecurityHub' }, 'yes'] },
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
        SecurityHubPart: {
          Condition: 'UsesSecurityHub',
          ...inlinePolicy('portcullis-security-hub', Version, Statement.filter(forSecurityHub)),
        },
      },
      Outputs: { RoleArn: { Value: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
    },
    // CloudFormation reads YAML 1.1, where a bare no is false and a bare 2012-10-17 a date.
    { lineWidth: 0, aliasDuplicateObjects: false, version: '1.1' },
  );
}

export async function accessTemplateFor(
  aws: { trusted(): Promise<string> },
  settings: AccessSettings & Partial<Pick<Settings, 'securityHub'>>,
): Promise<string> {
  const [policy, trusted] = await Promise.all([readAccessPolicy(), aws.trusted()]);
  return accessTemplate(policy, { ...settings, trusted });
}

/**
 * The URL of the AWS console page that creates the role from the template in the bucket; undefined without
 * PORTCULLIS_TEMPLATE_URL. Source: "Create quick-create links for stacks", CloudFormation user guide.
 */
export function quickCreateLink({
  settings,
  accountId,
  partition,
  trusted,
}: {
  readonly settings: AccessSettings &
    Pick<Settings, 'hub'> &
    Partial<Pick<Settings, 'templateUrl' | 'securityHub'>>;
  readonly accountId: string;
  readonly partition: string;
  readonly trusted: string;
}): string | undefined {
  const { templateUrl, accessRole, externalId, hub, securityHub } = settings;
  const region = partitionNamed(partition)?.organizationsRegion;
  if (!templateUrl || !region) return undefined;
  const host = consoleHost(partition, region);
  const query = new URLSearchParams({
    templateURL: templateUrl,
    stackName: 'portcullis-access',
    param_RoleName: accessRole,
    param_TrustedPrincipal: trusted,
    ...(externalId && { param_ExternalId: externalId }),
    ...(accountId === hub.accountId && { param_Hub: 'yes' }),
    ...(securityHub && { param_SecurityHub: 'yes' }),
  });
  // A space must be %20: the console reads the text after the hash as a path.
  const filled = query.toString().replaceAll('+', '%20');
  return `https://${host}/cloudformation/home?region=${region}#/stacks/quickcreate?${filled}`;
}
