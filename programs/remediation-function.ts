import type { EventBus } from '@pulumi/aws/cloudwatch/eventBus.js';
import { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import type { Table } from '@pulumi/aws/dynamodb/table.js';
import type { Role } from '@pulumi/aws/iam/role.js';
import type { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import { Function as LambdaFunction } from '@pulumi/aws/lambda/function.js';
import { FunctionEventInvokeConfig } from '@pulumi/aws/lambda/functionEventInvokeConfig.js';
import { Permission } from '@pulumi/aws/lambda/permission.js';
import type { Queue } from '@pulumi/aws/sqs/queue.js';
import * as pulumi from '@pulumi/pulumi';
import { codeSha256, type HubArguments } from './arguments.ts';
import { names, ruleArn } from './names.ts';
import { lambdaPermissions, lambdaTrust } from './policies.ts';
import { type At, tags } from './provider.ts';
import { declareRole } from './role.ts';

/** Seconds. */
export const functionTimeout = 60;

interface HubParts {
  readonly bus: EventBus;
  readonly table: Table;
  readonly deadLetters: Queue;
}

/**
 * The role's unique id is included so that a re-created role updates the function. AWS binds a function to its role
 * when the configuration is written; a function of a deleted role cannot start.
 */
const variables = (args: HubArguments, role: Role, { bus, table }: HubParts) => ({
  PORTCULLIS_ROLE_ID: role.uniqueId,
  PORTCULLIS_BUS_ARN: bus.arn,
  PORTCULLIS_REMEDIATION_ROLE: names.remediationRole,
  PORTCULLIS_TABLE: table.name,
  PORTCULLIS_SECURITY_HUB: args.securityHub ? 'on' : 'off',
  ...(args.slackSecretArn && { PORTCULLIS_SLACK_SECRET_ARN: args.slackSecretArn }),
  ...(args.notificationTopicArn && { PORTCULLIS_TOPIC_ARN: args.notificationTopicArn }),
});

/** Allows only the hub rule and the schedule to invoke the function. */
function permissionsToInvoke(
  args: HubArguments,
  { provider, placed }: At,
  lambda: LambdaFunction,
): Permission[] {
  const allow = (name: string, statementId: string, sourceArn: string) =>
    new Permission(
      name,
      {
        ...placed,
        ...{ statementId, sourceArn, function: lambda.name },
        ...{ action: 'lambda:InvokeFunction', principal: 'events.amazonaws.com' },
      },
      { provider },
    );
  return [
    allow(names.remediationFunction, 'from-the-hub-rule', ruleArn(args.place, names.ingressRule, names.bus)),
    allow(names.scheduleRule, 'from-the-schedule', ruleArn(args.place, names.scheduleRule)),
  ];
}

/**
 * AWS's own values, named because the provider accepts any value of what the program leaves out: the log could go to
 * another group, for example. Source: "Optional, Computed" in internal/service/lambda/function.go of the provider.
 */
const asByDefault = {
  ephemeralStorage: { size: 512 },
  loggingConfig: { logFormat: 'Text', logGroup: names.logGroup },
  tracingConfig: { mode: 'PassThrough' },
};

/**
 * Declares the remediation Lambda with its role, its log group with retention, its asynchronous retries with a
 * dead-letter queue, and the permissions to invoke it. `rights` is the policy of its role.
 */
export function remediationFunction(
  args: HubArguments,
  at: At,
  parts: HubParts,
): { function: LambdaFunction; permissions: Permission[]; rights: RolePolicy } {
  const { provider, placed } = at;
  const { role, permissions } = declareRole(provider, args, {
    name: names.lambdaRole,
    description: "Portcullis: the remediation Lambda's role",
    stack: 'hub',
    trust: lambdaTrust(),
    permissions: parts.bus.arn.apply((arn) => lambdaPermissions(args.place, arn, args)),
  });
  const logs = new LogGroup(
    names.logGroup,
    { ...placed, name: names.logGroup, retentionInDays: args.logRetentionDays, tags: tags('hub') },
    { provider },
  );
  const lambda = new LambdaFunction(
    names.remediationFunction,
    {
      ...placed,
      name: names.remediationFunction,
      description: 'Portcullis: closes ingress that the policy forbids',
      role: role.arn,
      runtime: 'nodejs24.x' as never,
      // AWS does not document Graviton for the Regions of the other partitions; the bundle runs on both.
      architectures: [args.place.partition === 'aws' ? 'arm64' : 'x86_64'],
      handler: 'index.handler',
      code: new pulumi.asset.FileArchive(args.bundle.file),
      // The provider copies the hash of the source from the state, so only this one shows code that was replaced.
      codeSha256: codeSha256(args.bundle),
      memorySize: 512,
      timeout: functionTimeout,
      environment: { variables: variables(args, role, parts) },
      ...asByDefault,
      tags: tags('hub'),
    },
    { provider, dependsOn: [logs, permissions] },
  );
  new FunctionEventInvokeConfig(
    names.remediationFunction,
    {
      ...placed,
      functionName: lambda.name,
      maximumRetryAttempts: 2,
      maximumEventAgeInSeconds: 6 * 3600,
      destinationConfig: { onFailure: { destination: parts.deadLetters.arn } },
    },
    { provider, dependsOn: [permissions] },
  );
  return { function: lambda, permissions: permissionsToInvoke(args, at, lambda), rights: permissions };
}
