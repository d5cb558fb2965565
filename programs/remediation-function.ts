import type { EventBus } from '@pulumi/aws/cloudwatch/eventBus.js';
import { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import { Function as LambdaFunction } from '@pulumi/aws/lambda/function.js';
import { FunctionEventInvokeConfig } from '@pulumi/aws/lambda/functionEventInvokeConfig.js';
import { Permission } from '@pulumi/aws/lambda/permission.js';
import type { Provider } from '@pulumi/aws/provider.js';
import type { Queue } from '@pulumi/aws/sqs/queue.js';
import * as pulumi from '@pulumi/pulumi';
import type { HubArguments } from './arguments.ts';
import { names, ruleArn } from './names.ts';
import { lambdaPermissions, lambdaTrust } from './policies.ts';
import { tags } from './provider.ts';

function lambdaRole(
  args: HubArguments,
  provider: Provider,
  bus: EventBus,
): { role: Role; permissions: RolePolicy } {
  const role = new Role(
    names.lambdaRole,
    {
      name: names.lambdaRole,
      description: "Portcullis: the remediation Lambda's role",
      assumeRolePolicy: lambdaTrust(),
      tags: tags('hub'),
    },
    { provider },
  );
  const permissions = new RolePolicy(
    names.lambdaRole,
    {
      name: names.lambdaRole,
      role: role.name,
      policy: bus.arn.apply((arn) => lambdaPermissions(args.place, arn, args.slackSecretArn)),
    },
    { provider },
  );
  return { role, permissions };
}

/**
 * Declares the remediation Lambda with its role, its log group with retention, its asynchronous retries with the
 * dead-letter queue behind them, and the permission for the hub rule alone to invoke it.
 */
export function remediationFunction(
  args: HubArguments,
  provider: Provider,
  bus: EventBus,
  deadLetters: Queue,
): { function: LambdaFunction; permission: Permission } {
  const { role, permissions } = lambdaRole(args, provider, bus);
  const logs = new LogGroup(
    names.logGroup,
    { name: names.logGroup, retentionInDays: args.logRetentionDays, tags: tags('hub') },
    { provider },
  );
  const lambda = new LambdaFunction(
    names.remediationFunction,
    {
      name: names.remediationFunction,
      description: 'Portcullis: closes ingress that the policy forbids',
      role: role.arn,
      runtime: 'nodejs24.x' as never,
      architectures: ['arm64'],
      handler: 'index.handler',
      code: new pulumi.asset.AssetArchive({ 'index.mjs': new pulumi.asset.FileAsset(args.bundle.file) }),
      memorySize: 512,
      timeout: 60,
      environment: {
        variables: {
          PORTCULLIS_BUS_ARN: bus.arn,
          PORTCULLIS_REMEDIATION_ROLE: names.remediationRole,
          ...(args.slackSecretArn && { PORTCULLIS_SLACK_SECRET_ARN: args.slackSecretArn }),
        },
      },
      tags: tags('hub'),
    },
    { provider, dependsOn: [logs, permissions] },
  );
  new FunctionEventInvokeConfig(
    names.remediationFunction,
    {
      functionName: lambda.name,
      maximumRetryAttempts: 2,
      maximumEventAgeInSeconds: 6 * 3600,
      destinationConfig: { onFailure: { destination: deadLetters.arn } },
    },
    { provider, dependsOn: [permissions] },
  );
  const permission = new Permission(
    names.remediationFunction,
    {
      statementId: 'from-the-hub-rule',
      action: 'lambda:InvokeFunction',
      function: lambda.name,
      principal: 'events.amazonaws.com',
      sourceArn: ruleArn(args.place, names.ingressRule, names.bus),
    },
    { provider },
  );
  return { function: lambda, permission };
}
