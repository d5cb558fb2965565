import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  accessTemplate,
  quickCreateLink,
  readAccessPolicy,
} from '../../../../controlplane/organization/access/template.ts';
import { roleOf } from './cloudformation.ts';

const repository = path.resolve(import.meta.dirname, '../../../..');
const trusted = 'arn:aws:iam::111111111111:user/portcullis';
const settings = { hub: { accountId: '222222222222', region: 'eu-west-1' }, accessRole: 'Access' };
const policy = await readAccessPolicy();
const member = policy.Statement.filter(({ Sid }) => !/^(Hub|SecurityHub)/.test(Sid));
const yaml = accessTemplate(policy, { ...settings, trusted, externalId: 'x-1' });

describe('the template of the access role', () => {
  test('makes a role of the name that trusts one principal, with the external id', () => {
    const role = roleOf(yaml);
    expect(role.RoleName).toBe('Access');
    expect(role.AssumeRolePolicyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::111111111111:root' },
          Action: 'sts:AssumeRole',
          Condition: {
            ArnEquals: { 'aws:PrincipalArn': trusted },
            StringEquals: { 'sts:ExternalId': 'x-1' },
          },
        },
      ],
    });
  });

  test('has the condition on the principal alone where there is no external id', () => {
    const [statement] = (roleOf(yaml, { ExternalId: '' }).AssumeRolePolicyDocument as { Statement: object[] })
      .Statement;
    expect(statement).toHaveProperty('Condition', { ArnEquals: { 'aws:PrincipalArn': trusted } });
  });

  test("permits what the access policy lists for a member, the hub's part in the hub alone", () => {
    const documents = roleOf(yaml, { Hub: 'no' }).policies.map((each) => each.PolicyDocument);
    expect(documents).toEqual([{ Version: policy.Version, Statement: member }]);
    const whole = roleOf(yaml, { Hub: 'yes', SecurityHub: 'yes' }).policies;
    const inHub = whole.flatMap(({ PolicyDocument }) => (PolicyDocument as typeof policy).Statement);
    const sorted = (statements: typeof policy.Statement) =>
      [...statements].sort((a, b) => a.Sid.localeCompare(b.Sid));
    expect(sorted(inHub)).toEqual(sorted(policy.Statement));
  });

  test('permits to import findings where Security Hub is on, and nowhere else', () => {
    const actions = (given: Record<string, string>) => JSON.stringify(roleOf(yaml, given).policies);
    expect(actions({ Hub: 'yes', SecurityHub: 'no' })).not.toContain('securityhub:');
    expect(actions({ SecurityHub: 'yes' })).toContain('"securityhub:BatchImportFindings"');
    const on = accessTemplate(policy, { ...settings, trusted, securityHub: true });
    expect(JSON.stringify(roleOf(on).policies)).toContain('"securityhub:BatchImportFindings"');
  });

  test.each(['aws-cn', 'aws-us-gov'])('names every resource in partition %s there', (partition) => {
    const arns =
      JSON.stringify(roleOf(yaml, { Hub: 'yes' }, partition).policies).match(/arn:[a-z-]+:/g) ?? [];
    expect(arns.length).toBeGreaterThan(10);
    expect(new Set(arns)).toEqual(new Set([`arn:${partition}:`]));
  });

  test.each([
    ['a whole account', { TrustedPrincipal: '111111111111' }],
    ["an account's root", { TrustedPrincipal: 'arn:aws:iam::111111111111:root' }],
    ['every principal', { TrustedPrincipal: '*' }],
    ['an external id with white space', { ExternalId: 'a b' }],
  ])('refuses to trust %s', (_, given) => {
    expect(() => roleOf(yaml, given)).toThrow(/does not fit/);
  });

  test('reads the same by the rules of YAML 1.1, which CloudFormation goes by', () => {
    expect(parse(yaml, { version: '1.1' })).toEqual(parse(yaml));
    expect(parse(yaml).Parameters.Hub).toMatchObject({ Default: 'no', AllowedValues: ['yes', 'no'] });
  });

  // Source: "IAM and AWS STS quotas": 10,240 characters of inline policies for a role, white space apart.
  test('keeps within what a role may carry inline, with room to grow', () => {
    const { policies } = roleOf(yaml, { Hub: 'yes' });
    expect(JSON.stringify(policies.map((each) => each.PolicyDocument)).length).toBeLessThan(10_000);
  });

  test('lies in docs as the code makes it', () => {
    execFileSync(process.execPath, ['docs/write-access-role.ts', '--check'], {
      cwd: repository,
      timeout: 30_000,
    });
  });
});

describe('the one-click link', () => {
  const link = (change: object, partition = 'aws', accountId = '300000000001') =>
    quickCreateLink({
      settings: { ...settings, templateUrl: 'https://b.s3.amazonaws.com/access-role.yaml', ...change },
      accountId,
      partition,
      trusted,
    });
  const queryOf = (text = '') => Object.fromEntries(new URLSearchParams(text.split('?').at(-1)));

  test('fills the parameters in', () => {
    const made = link({ externalId: 'a+b=c' });
    expect(made).toMatch(
      /^https:\/\/us-east-1\.console\.aws\.amazon\.com\/cloudformation\/home\?region=us-east-1#\/stacks\/quickcreate\?/,
    );
    expect(queryOf(made)).toEqual({
      templateURL: 'https://b.s3.amazonaws.com/access-role.yaml',
      stackName: 'portcullis-access',
      param_RoleName: 'Access',
      param_TrustedPrincipal: trusted,
      param_ExternalId: 'a+b=c',
    });
  });

  test('asks for the rights of the hub in the hub account', () => {
    expect(queryOf(link({}, 'aws', '222222222222'))).toMatchObject({ param_Hub: 'yes' });
  });

  test.each([
    ['aws-us-gov', 'https://us-gov-west-1.console.amazonaws-us-gov.com/'],
    ['aws-cn', 'https://cn-northwest-1.console.amazonaws.cn/'],
    ['aws-eusc', 'https://eusc-de-east-1.console.amazonaws-eusc.eu/'],
  ])('of partition %s goes to its console', (partition, start) => {
    expect(link({}, partition)?.startsWith(start)).toBe(true);
  });

  test('is none where the template lies in no bucket', () => {
    expect(link({ templateUrl: undefined })).toBeUndefined();
  });
});
