import { readFile } from 'node:fs/promises';
import {
  CreateEventBusCommand,
  EventBridgeClient,
  PutPermissionCommand,
  PutRuleCommand,
  PutTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  RemovePermissionCommand,
} from '@aws-sdk/client-lambda';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { strToU8, zipSync } from 'fflate';
import type { Sandbox } from '../../sandbox/sandbox.ts';

export const member = '300000000002';
export const hub = '222222222222';
export const memberRegion = 'eu-central-1';
export const hubRegion = 'eu-west-1';

export const memberRule = `arn:aws:events:${memberRegion}:${member}:rule/forward`;
export const orgBus = `arn:aws:events:${hubRegion}:${hub}:event-bus/org`;
export const hubRule = `arn:aws:events:${hubRegion}:${hub}:rule/org/act`;
export const forwarder = `arn:aws:iam::${member}:role/forwarder`;
export const actor = `arn:aws:lambda:${hubRegion}:${hub}:function:actor`;
const actorRole = `arn:aws:iam::${hub}:role/actor`;
const queueArn = (account: string, region: string, name: string) =>
  `arn:aws:sqs:${region}:${account}:${name}`;
export const inbox = queueArn(hub, hubRegion, 'inbox');
export const hubDead = queueArn(hub, hubRegion, 'dead');
export const memberDead = queueArn(member, memberRegion, 'dead');

export const pattern = { source: ['aws.ec2'], 'detail-type': ['AWS API Call via CloudTrail'] };
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const events = { Service: 'events.amazonaws.com' };
const handler = `
import { appendFileSync } from 'node:fs';
export const handler = async (event) => {
  appendFileSync(process.env.OUTPUT, event.id + '\\n');
  if (event.detail.requestParameters?.groupId === process.env.POISON) throw new Error('cannot act');
};`;

/**
 * A member's default bus, a forwarding rule, the org bus, a function and a queue behind it, with every permission given;
 * each can be taken and given back. Calls are made by root users, through the gateway.
 */
export function deliveryPath(sandbox: Sandbox, output: string) {
  const m = sandbox.root(member, memberRegion);
  const h = sandbox.root(hub, hubRegion);
  const bridge = { member: new EventBridgeClient(m), hub: new EventBridgeClient(h) };
  const iam = { member: new IAMClient(m), hub: new IAMClient(h) };
  const sqs = { member: new SQSClient(m), hub: new SQSClient(h) };
  const lambda = new LambdaClient(h);
  const url = (arn: string) => `${sandbox.endpoint}/${arn.split(':')[4]}/${arn.split(':')[5]}`;
  const clientOf = (arn: string) => (arn.includes(hub) ? sqs.hub : sqs.member);

  const give = {
    memberRule: (eventPattern: object = pattern, State: 'ENABLED' | 'DISABLED' = 'ENABLED') =>
      bridge.member.send(
        new PutRuleCommand({ Name: 'forward', EventPattern: JSON.stringify(eventPattern), State }),
      ),
    memberTarget: (target: Partial<Target> = { RoleArn: forwarder }) =>
      bridge.member.send(
        new PutTargetsCommand({
          Rule: 'forward',
          Targets: [{ Id: 'org', Arn: orgBus, DeadLetterConfig: { Arn: memberDead }, ...target }],
        }),
      ),
    trust: (account = member) =>
      iam.member.send(
        new UpdateAssumeRolePolicyCommand({
          RoleName: 'forwarder',
          PolicyDocument: policy({
            Effect: 'Allow',
            Principal: events,
            Action: 'sts:AssumeRole',
            Condition: { StringEquals: { 'aws:SourceAccount': account } },
          }),
        }),
      ),
    rolePolicy: () =>
      iam.member.send(
        new PutRolePolicyCommand({
          RoleName: 'forwarder',
          PolicyName: 'put',
          PolicyDocument: policy({ Effect: 'Allow', Action: 'events:PutEvents', Resource: orgBus }),
        }),
      ),
    busPolicy: (organizationId = sandbox.organization.id) =>
      bridge.hub.send(
        new PutPermissionCommand({
          EventBusName: 'org',
          Policy: policy({
            Effect: 'Allow',
            Principal: '*',
            Action: 'events:PutEvents',
            Resource: orgBus,
            Condition: { StringEquals: { 'aws:PrincipalOrgID': organizationId } },
          }),
        }),
      ),
    hubTargets: (...more: Target[]) =>
      bridge.hub.send(
        new PutTargetsCommand({
          Rule: 'act',
          EventBusName: 'org',
          Targets: [
            { Id: 'actor', Arn: actor, DeadLetterConfig: { Arn: hubDead } },
            { Id: 'inbox', Arn: inbox, DeadLetterConfig: { Arn: hubDead } },
            ...more,
          ],
        }),
      ),
    invoke: () =>
      lambda.send(
        new AddPermissionCommand({
          FunctionName: 'actor',
          StatementId: 'events',
          Action: 'lambda:InvokeFunction',
          Principal: events.Service,
          SourceArn: hubRule,
        }),
      ),
    actorPolicy: () =>
      iam.hub.send(
        new PutRolePolicyCommand({
          RoleName: 'actor',
          PolicyName: 'bury',
          PolicyDocument: policy({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: hubDead }),
        }),
      ),
    queuePolicy: (arn: string, rule = arn.includes(hub) ? hubRule : memberRule) =>
      clientOf(arn).send(
        new SetQueueAttributesCommand({
          QueueUrl: url(arn),
          Attributes: {
            Policy: policy({
              Effect: 'Allow',
              Principal: events,
              Action: 'sqs:SendMessage',
              Resource: arn,
              Condition: { ArnEquals: { 'aws:SourceArn': rule } },
            }),
          },
        }),
      ),
  };
  const take = {
    rolePolicy: () =>
      iam.member.send(new DeleteRolePolicyCommand({ RoleName: 'forwarder', PolicyName: 'put' })),
    invoke: () => lambda.send(new RemovePermissionCommand({ FunctionName: 'actor', StatementId: 'events' })),
    actorPolicy: () => iam.hub.send(new DeleteRolePolicyCommand({ RoleName: 'actor', PolicyName: 'bury' })),
  };

  async function build(poison: string): Promise<void> {
    for (const arn of [inbox, hubDead, memberDead]) {
      await clientOf(arn).send(new CreateQueueCommand({ QueueName: arn.split(':')[5] }));
      await give.queuePolicy(arn);
    }
    const trust = (principal: object) =>
      policy({ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' });
    const role = { AssumeRolePolicyDocument: trust(events) };
    await iam.member.send(new CreateRoleCommand({ RoleName: 'forwarder', ...role }));
    const lambdaTrust = { AssumeRolePolicyDocument: trust({ Service: 'lambda.amazonaws.com' }) };
    await iam.hub.send(new CreateRoleCommand({ RoleName: 'actor', ...lambdaTrust }));
    await bridge.hub.send(new CreateEventBusCommand({ Name: 'org' }));
    await bridge.hub.send(
      new PutRuleCommand({ Name: 'act', EventBusName: 'org', EventPattern: JSON.stringify(pattern) }),
    );
    await lambda.send(
      new CreateFunctionCommand({
        FunctionName: 'actor',
        Role: actorRole,
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        Code: { ZipFile: zipSync({ 'index.mjs': strToU8(handler) }) },
        Environment: { Variables: { OUTPUT: output, POISON: poison } },
      }),
    );
    await lambda.send(
      new PutFunctionEventInvokeConfigCommand({
        FunctionName: 'actor',
        MaximumRetryAttempts: 1,
        DestinationConfig: { OnFailure: { Destination: hubDead } },
      }),
    );
    await give.memberRule();
    for (const one of [give.memberTarget, give.trust, give.rolePolicy, give.busPolicy]) await one();
    await give.hubTargets();
    await give.invoke();
    await give.actorPolicy();
  }

  /** Takes every message off a queue. */
  async function drain(arn: string): Promise<Message[]> {
    const client = clientOf(arn);
    const found: Message[] = [];
    for (;;) {
      const { Messages } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: url(arn),
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
        }),
      );
      if (!Messages?.length) return found;
      found.push(...Messages);
      for (const { ReceiptHandle } of Messages)
        await client.send(new DeleteMessageCommand({ QueueUrl: url(arn), ReceiptHandle }));
    }
  }

  const invocations = async (): Promise<string[]> =>
    (await readFile(output, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  return { give, take, build, drain, invocations, bridge };
}
