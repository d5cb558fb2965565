import { beforeAll, expect, test } from 'vitest';
import { readEnvironment } from '../../../lambda/aws/environment.ts';
import { codeSha256 } from '../../../programs/arguments.ts';
import { type Declared, declare, hubArgs, inputsOf } from './declared.ts';

const here = ':eu-west-1:222222222222:';
const bus = 'arn-of:EventBus:portcullis';
const slackSecretArn = `arn:aws:secretsmanager${here}secret:slack`;
const notificationTopicArn = `arn:aws:sns${here}people`;
let declared: Declared[];

beforeAll(async () => {
  declared = await declare({ ...hubArgs(), slackSecretArn, notificationTopicArn });
});

const permissions = (from: Declared[]) =>
  JSON.parse(inputsOf(from, 'RolePolicy', 'portcullis-lambda').policy).Statement.map(
    ({ Effect, Action, Resource, Condition }: Record<string, unknown>) => ({
      Effect,
      Action,
      Resource,
      ...(Condition ? { Condition } : {}),
    }),
  );

test('the function runs the bundle on arm64 with its settings', async () => {
  const lambda = inputsOf(declared, 'Function', 'portcullis-remediation');
  expect(lambda).toMatchObject({
    name: 'portcullis-remediation',
    runtime: 'nodejs24.x',
    architectures: ['arm64'],
    handler: 'index.handler',
    role: 'arn-of:Role:portcullis-lambda',
    environment: {
      variables: {
        PORTCULLIS_ROLE_ID: 'id-of:portcullis-lambda',
        PORTCULLIS_BUS_ARN: bus,
        PORTCULLIS_REMEDIATION_ROLE: 'portcullis-remediation',
        PORTCULLIS_TABLE: 'portcullis',
        PORTCULLIS_SECURITY_HUB: 'off',
        PORTCULLIS_SLACK_SECRET_ARN: slackSecretArn,
        PORTCULLIS_TOPIC_ARN: notificationTopicArn,
      },
    },
  });
  expect(await lambda.code.path).toBe(hubArgs().bundle.file);
  expect(lambda.codeSha256).toBe(codeSha256(hubArgs().bundle));
});

test('without a Slack secret or a topic the function has neither the setting nor the permission', async () => {
  const plain = await declare(hubArgs());
  const { variables } = inputsOf(plain, 'Function', 'portcullis-remediation').environment;
  expect(Object.keys(variables).sort()).toEqual([
    'PORTCULLIS_BUS_ARN',
    'PORTCULLIS_REMEDIATION_ROLE',
    'PORTCULLIS_ROLE_ID',
    'PORTCULLIS_SECURITY_HUB',
    'PORTCULLIS_TABLE',
  ]);
  expect(JSON.stringify(permissions(plain))).not.toMatch(/secretsmanager|sns/);
});

test('the function has the setting that Security Hub is on', async () => {
  const on = await declare({ ...hubArgs(), securityHub: true });
  const { variables } = inputsOf(on, 'Function', 'portcullis-remediation').environment;
  expect(variables.PORTCULLIS_SECURITY_HUB).toBe('on');
});

test.each([{}, { slackSecretArn, notificationTopicArn }])(
  'the function can read its settings: %o',
  async (channels) => {
    const given = await declare({ ...hubArgs(), ...channels, securityHub: true });
    const { variables } = inputsOf(given, 'Function', 'portcullis-remediation').environment;
    const busArn = `arn:aws:events${here}event-bus/portcullis`;
    expect(readEnvironment({ ...variables, PORTCULLIS_BUS_ARN: busArn })).toMatchObject({
      table: 'portcullis',
      remediationRole: 'portcullis-remediation',
      slackSecretArn: null,
      topicArn: null,
      securityHub: true,
      ...('slackSecretArn' in channels && { slackSecretArn, topicArn: notificationTopicArn }),
    });
  },
);

test.each(['aws-us-gov', 'aws-cn'])('in partition %s the function runs on x86_64', async (partition) => {
  const there = await declare(hubArgs(partition));
  expect(inputsOf(there, 'Function', 'portcullis-remediation').architectures).toEqual(['x86_64']);
});

test('its role has exactly the permissions that it uses', () => {
  expect(permissions(declared)).toEqual([
    {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Resource: 'arn:aws:iam::*:role/portcullis-remediation',
      Condition: { StringEquals: { 'aws:ResourceOrgID': 'o-portcullis' } },
    },
    { Effect: 'Allow', Action: 'events:PutEvents', Resource: bus },
    {
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      Resource: `arn:aws:dynamodb${here}table/portcullis`,
    },
    {
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: `arn:aws:logs${here}log-group:/aws/lambda/portcullis-remediation:*`,
    },
    { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: `arn:aws:sqs${here}portcullis-dead-letter` },
    {
      Effect: 'Allow',
      Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
      Resource: `arn:aws:sqs${here}portcullis-canary`,
    },
    { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: slackSecretArn },
    { Effect: 'Allow', Action: 'sns:Publish', Resource: notificationTopicArn },
  ]);
});

test('only Lambda may assume its role', () => {
  expect(JSON.parse(inputsOf(declared, 'Role', 'portcullis-lambda').assumeRolePolicy).Statement).toEqual([
    { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ]);
});

test('only the ingress rule and the schedule may invoke it', () => {
  const permitted = declared.filter(({ type }) => type.endsWith(':Permission')).map(({ inputs }) => inputs);
  for (const { action, principal, function: name } of permitted)
    expect([action, principal, name]).toEqual([
      ...['lambda:InvokeFunction', 'events.amazonaws.com', 'portcullis-remediation'],
    ]);
  expect(permitted.map(({ sourceArn }) => sourceArn)).toEqual([
    `arn:aws:events${here}rule/portcullis/portcullis-ingress`,
    `arn:aws:events${here}rule/portcullis-schedule`,
  ]);
});

test('an invocation that fails is tried twice more, then a dead letter', () => {
  expect(inputsOf(declared, 'FunctionEventInvokeConfig', 'portcullis-remediation')).toMatchObject({
    functionName: 'portcullis-remediation',
    maximumRetryAttempts: 2,
    destinationConfig: { onFailure: { destination: 'arn-of:Queue:portcullis-dead-letter' } },
  });
});

test('its log is kept as long as the operator says', () => {
  expect(inputsOf(declared, 'LogGroup', '/aws/lambda/portcullis-remediation')).toMatchObject({
    name: '/aws/lambda/portcullis-remediation',
    retentionInDays: 90,
  });
});
