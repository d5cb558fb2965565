import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

/** What a test changes about the program. */
export interface Choice {
  description?: string;
  ruleName?: string;
  code?: string;
  timeout?: number;
  /** Of the queue and the table. */
  tags?: Record<string, string>;
  retention?: number;
  secret?: string;
  schedule?: string;
  concurrency?: number;
}

const pattern = JSON.stringify({ source: ['aws.ec2'], 'detail-type': ['AWS API Call via CloudTrail'] });

function policy(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
}
const trust = (Service: string): string => policy({ Action: 'sts:AssumeRole', Principal: { Service } });

/** One resource of every type that the provider knows, wired as the hub wires them. */
export function everyType(provider: pulumi.ProviderResource, choice: Choice = {}) {
  const on = { provider };
  const tags = { owner: 'test' };
  const bus = new aws.cloudwatch.EventBus('bus', { name: 'test-bus', description: 'a bus', tags }, on);
  const queue = new aws.sqs.Queue(
    'queue',
    {
      name: 'test-queue',
      messageRetentionSeconds: 1_209_600,
      sqsManagedSseEnabled: true,
      tags: choice.tags ?? tags,
    },
    on,
  );
  new aws.sqs.QueuePolicy(
    'queue-policy',
    {
      queueUrl: queue.url,
      policy: queue.arn.apply((Resource) =>
        policy({ Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage', Resource }),
      ),
    },
    on,
  );
  new aws.cloudwatch.EventBusPolicy(
    'bus-policy',
    {
      eventBusName: bus.name,
      policy: bus.arn.apply((Resource) =>
        policy({
          Sid: 'organization',
          Principal: '*',
          Action: 'events:PutEvents',
          Resource,
          Condition: { StringEquals: { 'aws:PrincipalOrgID': 'o-1234567890' } },
        }),
      ),
    },
    on,
  );
  const rule = new aws.cloudwatch.EventRule(
    'rule',
    {
      name: choice.ruleName ?? 'test-rule',
      eventBusName: bus.name,
      eventPattern: pattern,
      description: choice.description ?? 'first',
      tags,
    },
    on,
  );
  const defaultRule = new aws.cloudwatch.EventRule(
    'default-rule',
    { name: 'test-forward', eventPattern: pattern, description: choice.description },
    on,
  );
  new aws.cloudwatch.EventRule(
    'schedule',
    { name: 'test-schedule', scheduleExpression: choice.schedule ?? 'rate(1 hour)' },
    on,
  );
  new aws.dynamodb.Table(
    'table',
    {
      name: 'test-table',
      billingMode: 'PAY_PER_REQUEST',
      hashKey: 'key',
      attributes: [{ name: 'key', type: 'S' }],
      ttl: { attributeName: 'expiresAt', enabled: true },
      pointInTimeRecovery: { enabled: true },
      serverSideEncryption: { enabled: true },
      tags: choice.tags ?? tags,
    },
    on,
  );
  const forwarder = new aws.iam.Role(
    'forwarder',
    { name: 'test-forwarder', assumeRolePolicy: trust('events.amazonaws.com'), tags },
    on,
  );
  const forwarderPolicy = new aws.iam.RolePolicy(
    'forwarder-policy',
    {
      name: 'put-events',
      role: forwarder.name,
      policy: bus.arn.apply((Resource) => policy({ Action: 'events:PutEvents', Resource })),
    },
    on,
  );
  new aws.cloudwatch.EventTarget(
    'forward',
    {
      rule: defaultRule.name,
      targetId: 'org-bus',
      arn: bus.arn,
      roleArn: forwarder.arn,
      deadLetterConfig: { arn: queue.arn },
    },
    { ...on, dependsOn: forwarderPolicy },
  );
  const lambda = lambdaTypes(on, choice, rule, queue);
  return { busArn: bus.arn, queueUrl: queue.url, functionArn: lambda.arn, region: bus.region };
}

function lambdaTypes(
  on: { provider: pulumi.ProviderResource },
  choice: Choice,
  rule: aws.cloudwatch.EventRule,
  queue: aws.sqs.Queue,
): aws.lambda.Function {
  const role = new aws.iam.Role(
    'lambda-role',
    {
      name: 'test-lambda',
      assumeRolePolicy: trust('lambda.amazonaws.com'),
      description: 'runs',
      maxSessionDuration: 7_200,
    },
    on,
  );
  const group = new aws.cloudwatch.LogGroup(
    'logs',
    { name: '/aws/lambda/test-function', retentionInDays: choice.retention ?? 30 },
    on,
  );
  const text = choice.code ?? 'export const handler = async () => "first";';
  const fn = new aws.lambda.Function(
    'function',
    {
      name: 'test-function',
      role: role.arn,
      handler: 'index.handler',
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      memorySize: 256,
      timeout: choice.timeout ?? 30,
      code: new pulumi.asset.AssetArchive({ 'index.mjs': new pulumi.asset.StringAsset(text) }),
      environment: { variables: { LEVEL: 'info', HIDDEN: pulumi.secret(choice.secret ?? 'hidden-value-1') } },
      reservedConcurrentExecutions: 5,
      loggingConfig: { logFormat: 'JSON', logGroup: group.name },
    },
    on,
  );
  new aws.lambda.Permission(
    'permission',
    {
      function: fn.name,
      statementId: 'events',
      action: 'lambda:InvokeFunction',
      principal: 'events.amazonaws.com',
      sourceArn: rule.arn,
    },
    on,
  );
  const rights = new aws.iam.RolePolicy(
    'lambda-policy',
    {
      name: 'take-messages',
      role: role.name,
      policy: queue.arn.apply((Resource) =>
        policy({
          Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
          Resource,
        }),
      ),
    },
    on,
  );
  new aws.lambda.EventSourceMapping(
    'mapping',
    {
      eventSourceArn: queue.arn,
      functionName: fn.arn,
      batchSize: 5,
      functionResponseTypes: ['ReportBatchItemFailures'],
      scalingConfig: { maximumConcurrency: choice.concurrency ?? 2 },
    },
    { ...on, dependsOn: rights },
  );
  new aws.lambda.FunctionEventInvokeConfig(
    'invoke-config',
    {
      functionName: fn.name,
      maximumRetryAttempts: 1,
      maximumEventAgeInSeconds: 3_600,
      destinationConfig: { onFailure: { destination: queue.arn } },
    },
    on,
  );
  new aws.cloudwatch.EventTarget(
    'invoke',
    {
      rule: rule.name,
      eventBusName: rule.eventBusName,
      targetId: 'function',
      arn: fn.arn,
      retryPolicy: { maximumEventAgeInSeconds: 3_600, maximumRetryAttempts: 10 },
      deadLetterConfig: { arn: queue.arn },
    },
    on,
  );
  new aws.cloudwatch.MetricAlarm(
    'alarm',
    {
      name: 'test-alarm',
      namespace: 'AWS/SQS',
      metricName: 'ApproximateNumberOfMessagesVisible',
      dimensions: { QueueName: queue.name },
      statistic: 'Maximum',
      comparisonOperator: 'GreaterThanThreshold',
      threshold: 0,
      period: 60,
      evaluationPeriods: 1,
      treatMissingData: 'notBreaching',
    },
    on,
  );
  return fn;
}
