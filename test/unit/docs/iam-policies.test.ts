import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { accessTemplate, readAccessPolicy } from '../../../controlplane/organization/access/template.ts';
import { table } from '../../../sandbox/provider/table.ts';
import { text, tracked } from '../../worlds/repository.ts';
import { roleOf } from '../controlplane/organization/cloudformation.ts';
import { accountArgs, type Declared, declare, hubArgs, regionArgs } from '../programs/declared.ts';

interface Statement {
  readonly Sid: string;
  readonly Action: string | string[];
  readonly Resource: string | string[];
}
interface Document {
  readonly Statement: readonly Statement[];
}
type Calls = Record<'create' | 'read' | 'update' | 'delete', string[]> & { source: string };

const statementsOf = (...names: string[]): Statement[] =>
  names.flatMap((name) => (JSON.parse(text(`docs/${name}.json`)) as Document).Statement);
const calls: Record<string, Calls> = JSON.parse(text('docs/deployer-calls.json'));
const actionsOf = ({ create, read, update, delete: gone }: Calls) => [...create, ...read, ...update, ...gone];

/** IAM counts no white space. Source: "IAM and AWS STS quotas", IAM User Guide. */
const size = (document: unknown) => JSON.stringify(document).length;
const limits = { managed: 6144, inlineOfRole: 10_240, inlineOfUser: 2048, trust: 2048 };

describe('the size of', () => {
  const documents = tracked.filter((file) => /^docs\/[a-z-]*policy\.json$/.test(file));

  test.each(documents)('%s fits into a managed policy', (file) => {
    expect(size(JSON.parse(text(file)))).toBeLessThanOrEqual(limits.managed);
  });

  test.each(documents)('%s has a row in docs/access.md that says what it is attached to', (file) => {
    const name = file.replace('docs/', '');
    expect(text('docs/access.md')).toContain(`\n| [${name}](${name}) | `);
  });

  test('control-plane-policy.json exceeds what a user may hold inline, and the docs say so', () => {
    expect(size(JSON.parse(text('docs/control-plane-policy.json')))).toBeGreaterThan(limits.inlineOfUser);
    for (const page of ['docs/access.md', 'docs/install.md'])
      expect(text(page)).toMatch(/control-plane-policy\.json[\s\S]{0,200}managed\s+policy/);
  });

  test.each(['aws', 'aws-us-gov'])('the access role of the hub fits into a role in %s', async (partition) => {
    const yaml = accessTemplate(await readAccessPolicy(), {
      accessRole: 'portcullis-access',
      trusted: `arn:${partition}:iam::111111111111:role/portcullis`,
    });
    const { Parameters } = parse(yaml) as { Parameters: Record<string, { AllowedValues?: string[] }> };
    const choices = Object.entries(Parameters).filter(([, { AllowedValues }]) =>
      AllowedValues?.includes('yes'),
    );
    const everything = Object.fromEntries(choices.map(([name]) => [name, 'yes']));
    expect(everything).toHaveProperty('Hub');
    const { policies, AssumeRolePolicyDocument } = roleOf(yaml, everything, partition);
    const inline = policies.map(({ PolicyDocument }) => size(PolicyDocument));
    expect(inline.length).toBeGreaterThan(1);
    expect(inline.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(limits.inlineOfRole);
    expect(size(AssumeRolePolicyDocument)).toBeLessThanOrEqual(limits.trust);
  });

  test('each role that the programs make is within the limits', async () => {
    const declared = [...(await stacks()).hub, ...(await stacks()).member];
    const policies = declared.filter(({ type }) => type === 'aws:iam/rolePolicy:RolePolicy');
    const trusts = declared.filter(({ type }) => type === 'aws:iam/role:Role');
    expect([policies.length, trusts.length]).toEqual([3, 3]);
    for (const { inputs } of policies) expect(inputs.policy.length).toBeLessThanOrEqual(limits.inlineOfRole);
    for (const { inputs } of trusts) expect(inputs.assumeRolePolicy.length).toBeLessThanOrEqual(limits.trust);
  });
});

const channel = 'arn:aws:sns:eu-west-1:222222222222:people';
const trail = { region: 'us-east-1', retentionDays: 90 };

/** What is declared in the hub account and in a member, with everything that a setting switches on. */
async function stacks() {
  const options = { securityHub: true, alarmTopicArn: channel, notificationTopicArn: channel };
  const cell = { region: 'us-east-1', lifecycle: true };
  const own = ({ type }: Declared) => type.startsWith('aws:');
  return {
    hub: (await declare({ ...hubArgs(), ...options })).filter(own),
    member: [
      ...(await declare({ ...accountArgs(), narrowing: true, securityHub: true, trail })),
      ...(await declare(regionArgs(cell))),
    ].filter(own),
  };
}

const at = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:222222222222:${resource}`;
const onBus = (bus: string | undefined, rule: string) => (bus ? `${bus}/${rule}` : rule);
const ofUrl = (url: string) => url.replace('url-of:', '');

/** The ARN of what a declared resource's calls are about. */
const arnOf: Record<string, (inputs: Declared['inputs']) => string> = {
  Role: ({ name }) => `arn:aws:iam::222222222222:role/${name}`,
  RolePolicy: ({ role }) => `arn:aws:iam::222222222222:role/${role}`,
  EventBus: ({ name }) => at('events', `event-bus/${name}`),
  EventBusPolicy: ({ eventBusName }) => at('events', `event-bus/${eventBusName}`),
  EventRule: ({ eventBusName, name }) => at('events', `rule/${onBus(eventBusName, name)}`),
  EventTarget: ({ eventBusName, rule }) => at('events', `rule/${onBus(eventBusName, rule)}`),
  Queue: ({ name }) => at('sqs', name),
  QueuePolicy: ({ queueUrl }) => at('sqs', ofUrl(queueUrl)),
  Table: ({ name }) => at('dynamodb', `table/${name}`),
  Function: ({ name }) => at('lambda', `function:${name}`),
  FunctionEventInvokeConfig: ({ functionName }) => at('lambda', `function:${functionName}`),
  Permission: ({ function: name }) => at('lambda', `function:${name}`),
  EventSourceMapping: () => at('lambda', 'event-source-mapping:0f1e2d3c'),
  LogGroup: ({ name }) => at('logs', `log-group:${name}`),
  MetricAlarm: ({ name }) => at('cloudwatch', `alarm:${name}`),
  Trail: ({ name }) => at('cloudtrail', `trail/${name}`),
};
const bucketArn = ({ bucket }: Declared['inputs']) => `arn:aws:s3:::${bucket}`;

/** Roles that the call hands to a service, by type. */
const passed: Record<string, (inputs: Declared['inputs']) => string | undefined> = {
  EventTarget: ({ roleArn }) => roleArn,
  Function: () => 'arn:aws:iam::222222222222:role/portcullis-lambda',
};

/**
 * These name no resource, so only a statement about `*` permits them. Source: Service Authorization Reference, the
 * columns of resource types of EventBridge, Lambda, CloudWatch Logs and CloudTrail.
 */
const withoutResource = new Set([
  'events:PutPermission',
  'events:RemovePermission',
  'lambda:CreateEventSourceMapping',
  'logs:DescribeLogGroups',
  'cloudtrail:DescribeTrails',
]);

const fits = (pattern: string, arn: string) =>
  new RegExp(`^${pattern.replace(/[.+?^$()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(arn);

const permits = (statements: readonly Statement[], action: string, arn: string) =>
  statements
    .filter(({ Action }) => [Action].flat().includes(action))
    .flatMap(({ Resource }) => Resource)
    .some((resource) => resource === '*' || (!withoutResource.has(action) && fits(resource, arn)));

/** The calls about declared resources that the statements do not permit. */
function lacking(declared: readonly Declared[], statements: readonly Statement[]): string[] {
  const missing = declared.flatMap(({ type, inputs }) => {
    const row = calls[type];
    if (!row) return [`${type} has no row`];
    const kind = type.split(':').at(-1) ?? '';
    const arn = (type.startsWith('aws:s3/') ? bucketArn : arnOf[kind])?.(inputs);
    if (!arn) return [`${type} has no ARN`];
    return actionsOf(row).flatMap((action) => {
      const target = action === 'iam:PassRole' ? passed[kind]?.(inputs) : arn;
      return target === undefined || permits(statements, action, target) ? [] : [`${action} on ${target}`];
    });
  });
  return [...new Set(missing)].sort();
}

describe('docs/deployer-calls.json', () => {
  test('has a row for every type that the programs declare, or declared in an earlier release, and no other', async () => {
    const { hub, member } = await stacks();
    const declared = new Set([...hub, ...member].map(({ type }) => type));
    expect([...declared].filter((type) => !calls[type])).toEqual([]);
    expect(Object.keys(calls).toSorted()).toEqual(Object.keys(table).toSorted());
  });

  test('is permitted in the hub by its two policies', async () => {
    const { hub } = await stacks();
    expect(lacking(hub, statementsOf('deployer-policy', 'deployer-hub-policy'))).toEqual([]);
  });

  test("is permitted in a member by its policy and the trail's", async () => {
    const { member } = await stacks();
    expect(lacking(member, statementsOf('deployer-policy', 'deployer-trails-policy'))).toEqual([]);
  });

  test('is permitted in the management account by the policy of the control plane', async () => {
    const { member } = await stacks();
    const own = member.filter(({ type }) => !/^aws:(s3|cloudtrail)\//.test(type));
    expect(lacking(own, statementsOf('control-plane-policy'))).toEqual([]);
  });

  test.each(['lambda:ListTags', 'lambda:DeleteFunctionConcurrency', 'events:PutPermission'])(
    'shows it when the policies lack %s',
    async (action) => {
      const { hub } = await stacks();
      const less = statementsOf('deployer-policy', 'deployer-hub-policy').map((statement) => ({
        ...statement,
        Action: [statement.Action].flat().filter((each) => each !== action),
      }));
      expect(lacking(hub, less).some((each) => each.startsWith(`${action} on `))).toBe(true);
    },
  );

  test('shows that a statement about the bus does not permit its policy', async () => {
    const { hub } = await stacks();
    const narrow = statementsOf('deployer-policy', 'deployer-hub-policy').map((statement) =>
      statement.Sid === 'HubSetTheBusPolicy'
        ? { ...statement, Resource: at('events', 'event-bus/portcullis') }
        : statement,
    );
    expect(lacking(hub, narrow)).toEqual([
      expect.stringMatching(/^events:PutPermission/),
      expect.stringMatching(/^events:RemovePermission/),
    ]);
  });

  test('has every action of the policies that changes a resource', () => {
    const permitted = statementsOf('deployer-policy', 'deployer-hub-policy', 'deployer-trails-policy');
    const called = new Set(Object.values(calls).flatMap(actionsOf));
    const notOfTheProvider =
      /^ec2:|^sqs:(Receive|Delete)Message$|^events:PutEvents$|^sns:Publish$|^lambda:GetAccountSettings$/;
    const excess = permitted
      .flatMap(({ Action }) => Action)
      .filter((action) => !called.has(action) && !notOfTheProvider.test(action));
    expect(excess).toEqual([]);
  });
});
