import { describe, expect, test } from 'vitest';
import { lifecyclePattern } from '../../../programs/pattern.ts';
import { accountArgs, type Declared, declare, inputsOf, regionArgs } from './declared.ts';

const cells = [
  { region: 'us-east-1', lifecycle: true },
  { region: 'eu-west-1', lifecycle: false },
  { region: 'af-south-1', lifecycle: false },
];
const statements = (policy: string) => JSON.parse(policy).Statement;
const forwarding = (declared: readonly Declared[]) =>
  declared.filter(({ type }) => type.startsWith('aws:') && !type.startsWith('aws:iam'));
const plain = (declared: readonly Declared[]) =>
  declared.map(({ type, name, inputs }) => ({ type, name, inputs }));

describe('an account stack', () => {
  test('allows only the hub Lambda, inside the organization, to assume the remediation role', async () => {
    const declared = await declare(accountArgs());
    expect(statements(inputsOf(declared, 'Role', 'portcullis-remediation').assumeRolePolicy)).toEqual([
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::222222222222:root' },
        Action: 'sts:AssumeRole',
        Condition: {
          StringEquals: { 'aws:PrincipalOrgID': 'o-portcullis' },
          ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::222222222222:role/portcullis-lambda' },
        },
      },
    ]);
  });

  test('allows the remediation role to read groups and revoke ingress in its own account', async () => {
    const { policy, role } = inputsOf(await declare(accountArgs()), 'RolePolicy', 'portcullis-remediation');
    expect(role).toBe('portcullis-remediation');
    expect(statements(policy)).toEqual([
      {
        Sid: 'ReadGroups',
        Effect: 'Allow',
        Action: [
          'ec2:DescribeSecurityGroups',
          'ec2:DescribeSecurityGroupRules',
          'ec2:DescribeManagedPrefixLists',
          'ec2:GetManagedPrefixListEntries',
          'ec2:GetManagedPrefixListAssociations',
          'ec2:DescribeIpamPrefixListResolverTargets',
        ],
        Resource: '*',
      },
      {
        Sid: 'RevokeIngress',
        Effect: 'Allow',
        Action: 'ec2:RevokeSecurityGroupIngress',
        Resource: [
          'arn:aws:ec2:*:300000000001:security-group/*',
          'arn:aws:ec2:*:300000000001:security-group-rule/*',
        ],
      },
    ]);
  });

  test('allows the remediation role to open ingress and import findings only if that is enabled', async () => {
    const granted = async (extras: { narrowing: boolean; securityHub: boolean }) => {
      const declared = await declare({ ...accountArgs(), ...extras });
      return statements(inputsOf(declared, 'RolePolicy', 'portcullis-remediation').policy).slice(2);
    };
    const narrow = {
      Sid: 'LetListedRangesInInstead',
      Effect: 'Allow',
      Action: 'ec2:AuthorizeSecurityGroupIngress',
      Resource: 'arn:aws:ec2:*:300000000001:security-group/*',
    };
    const findings = {
      Sid: 'ImportFindings',
      Effect: 'Allow',
      Action: 'securityhub:BatchImportFindings',
      Resource: 'arn:aws:securityhub:*:300000000001:product/300000000001/default',
    };
    expect(await granted({ narrowing: true, securityHub: false })).toEqual([narrow]);
    expect(await granted({ narrowing: false, securityHub: true })).toEqual([findings]);
    expect(await granted({ narrowing: true, securityHub: true })).toEqual([narrow, findings]);
  });

  test('allows EventBridge, for this account only, to put events on the org bus', async () => {
    const declared = await declare(accountArgs());
    expect(statements(inputsOf(declared, 'Role', 'portcullis-forwarder').assumeRolePolicy)).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'aws:SourceAccount': '300000000001' } },
      },
    ]);
    expect(statements(inputsOf(declared, 'RolePolicy', 'portcullis-forwarder').policy)).toEqual([
      {
        Sid: 'ForwardToTheHub',
        Effect: 'Allow',
        Action: 'events:PutEvents',
        Resource: 'arn:aws:events:eu-west-1:222222222222:event-bus/portcullis',
      },
    ]);
  });
});

describe('a region stack', () => {
  test('forwards lifecycle events in their Region', async () => {
    const declared = await declare(regionArgs({ region: 'us-east-1', lifecycle: true }));
    const { eventPattern } = inputsOf(declared, 'EventRule', 'portcullis-lifecycle-us-east-1');
    expect(JSON.parse(eventPattern)).toEqual(lifecyclePattern);
  });

  test('sends what opens ingress to the org bus in one hop, by the forwarder role', async () => {
    const declared = await declare(regionArgs({ region: 'eu-west-1', lifecycle: false }));
    const rule = inputsOf(declared, 'EventRule', 'portcullis-forward-eu-west-1');
    expect(rule).toMatchObject({ name: 'portcullis-forward', region: 'eu-west-1' });
    expect(rule.eventBusName).toBeUndefined();
    expect(inputsOf(declared, 'EventTarget', 'portcullis-forward-eu-west-1')).toMatchObject({
      rule: 'portcullis-forward',
      arn: 'arn:aws:events:eu-west-1:222222222222:event-bus/portcullis',
      roleArn: 'arn:aws:iam::300000000001:role/portcullis-forwarder',
      deadLetterConfig: { arn: 'arn-of:Queue:portcullis-forward-dead-letter' },
    });
  });

  test("its dead-letter queue accepts messages of the cell's own rules only", async () => {
    const declared = await declare(regionArgs({ region: 'us-east-1', lifecycle: true }));
    const [statement] = statements(inputsOf(declared, 'Queue', 'dead-letter-us-east-1').policy);
    expect(statement).toMatchObject({
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: 'arn:aws:sqs:us-east-1:300000000001:portcullis-forward-dead-letter',
      Condition: {
        ArnEquals: {
          'aws:SourceArn': [
            'arn:aws:events:us-east-1:300000000001:rule/portcullis-forward',
            'arn:aws:events:us-east-1:300000000001:rule/portcullis-lifecycle',
          ],
        },
      },
    });
  });
});

describe('the two layouts', () => {
  test('make the same forwarding resources for an account', async () => {
    const inOne = forwarding(await declare(accountArgs(cells)));
    const inMany: Declared[] = [];
    for (const cell of cells) inMany.push(...forwarding(await declare(regionArgs(cell))));
    const sorted = inMany.sort((a, b) => `${a.type} ${a.name}`.localeCompare(`${b.type} ${b.name}`));
    expect(plain(inOne)).toEqual(plain(sorted));
  });

  test('put the Region on every resource, for each Region', async () => {
    const declared = forwarding(await declare(accountArgs(cells)));
    expect(new Set(declared.map(({ inputs }) => inputs.region))).toEqual(
      new Set(['us-east-1', 'eu-west-1', 'af-south-1']),
    );
    expect(declared).toHaveLength(3 * 3 + 2);
  });
});
