import { beforeAll, expect, test } from 'vitest';
import { type Declared, declare, hubArgs, inputsOf } from './declared.ts';

const here = ':eu-west-1:222222222222:';
const bus = 'arn-of:EventBus:portcullis';
const slackSecretArn = `arn:aws:secretsmanager${here}secret:slack`;
let declared: Declared[];

beforeAll(async () => {
  declared = await declare({ ...hubArgs(), slackSecretArn });
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

test('the function runs the bundle on arm64 with what it needs to know', async () => {
  const lambda = inputsOf(declared, 'Function', 'portcullis-remediation');
  expect(lambda).toMatchObject({
    name: 'portcullis-remediation',
    runtime: 'nodejs24.x',
    architectures: ['arm64'],
    handler: 'index.handler',
    role: 'arn-of:Role:portcullis-lambda',
    environment: {
      variables: {
        PORTCULLIS_BUS_ARN: bus,
        PORTCULLIS_REMEDIATION_ROLE: 'portcullis-remediation',
        PORTCULLIS_SLACK_SECRET_ARN: slackSecretArn,
      },
    },
  });
  expect(Object.keys(await lambda.code.assets)).toEqual(['index.mjs']);
});

test('without a Slack secret the function neither knows of one nor may read any', async () => {
  const plain = await declare(hubArgs());
  const { variables } = inputsOf(plain, 'Function', 'portcullis-remediation').environment;
  expect(Object.keys(variables)).toEqual(['PORTCULLIS_BUS_ARN', 'PORTCULLIS_REMEDIATION_ROLE']);
  expect(JSON.stringify(permissions(plain))).not.toContain('secretsmanager');
});

test('its role may do what it does and nothing else', () => {
  expect(permissions(declared)).toEqual([
    { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: 'arn:aws:iam::*:role/portcullis-remediation' },
    { Effect: 'Allow', Action: 'events:PutEvents', Resource: bus },
    {
      Effect: 'Allow',
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: `arn:aws:logs${here}log-group:/aws/lambda/portcullis-remediation:*`,
    },
    { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: `arn:aws:sqs${here}portcullis-dead-letter` },
    { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: slackSecretArn },
  ]);
});

test('its role is for Lambda alone', () => {
  expect(JSON.parse(inputsOf(declared, 'Role', 'portcullis-lambda').assumeRolePolicy).Statement).toEqual([
    { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ]);
});

test('the ingress rule alone may invoke it', () => {
  expect(inputsOf(declared, 'Permission', 'portcullis-remediation')).toMatchObject({
    action: 'lambda:InvokeFunction',
    principal: 'events.amazonaws.com',
    function: 'portcullis-remediation',
    sourceArn: `arn:aws:events${here}rule/portcullis/portcullis-ingress`,
  });
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
