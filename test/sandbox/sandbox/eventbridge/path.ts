import { readFile } from 'node:fs/promises';
import type { Target } from '@aws-sdk/client-eventbridge';
import { strToU8, zipSync } from 'fflate';
import type { Sandbox } from '../../../../sandbox/sandbox.ts';
import { type Clients, clientsOf, drain } from './clients.ts';
import {
  actor,
  actorRole,
  forwarder,
  hub,
  hubDead,
  hubRule,
  inbox,
  member,
  memberDead,
  memberRule,
  orgBus,
  pattern,
} from './names.ts';

export * from './names.ts';

const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const events = { Service: 'events.amazonaws.com' };
const handler = `
import { appendFileSync } from 'node:fs';
export const handler = async (event) => {
  appendFileSync(process.env.OUTPUT, event.id + '\\n');
  if (event.detail.requestParameters?.groupId === process.env.POISON) throw new Error('cannot act');
};`;

const forwarding = (c: Clients) => ({
  memberRule: (eventPattern: object = pattern, State: 'ENABLED' | 'DISABLED' = 'ENABLED') =>
    c.bridge.member.putRule({ Name: 'forward', EventPattern: JSON.stringify(eventPattern), State }),
  memberTarget: (target: Partial<Target> = { RoleArn: forwarder }) =>
    c.bridge.member.putTargets({
      Rule: 'forward',
      Targets: [{ Id: 'org', Arn: orgBus, DeadLetterConfig: { Arn: memberDead }, ...target }],
    }),
  trust: (account = member) =>
    c.iam.member.updateAssumeRolePolicy({
      RoleName: 'forwarder',
      PolicyDocument: policy({
        Effect: 'Allow',
        Principal: events,
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    }),
  rolePolicy: () =>
    c.iam.member.putRolePolicy({
      RoleName: 'forwarder',
      PolicyName: 'put',
      PolicyDocument: policy({ Effect: 'Allow', Action: 'events:PutEvents', Resource: orgBus }),
    }),
});

const receiving = (c: Clients) => ({
  busPolicy: (organizationId = c.organizationId) =>
    c.bridge.hub.putPermission({
      EventBusName: 'org',
      Policy: policy({
        Effect: 'Allow',
        Principal: '*',
        Action: 'events:PutEvents',
        Resource: orgBus,
        Condition: { StringEquals: { 'aws:PrincipalOrgID': organizationId } },
      }),
    }),
  hubTargets: (...more: Target[]) =>
    c.bridge.hub.putTargets({
      Rule: 'act',
      EventBusName: 'org',
      Targets: [
        { Id: 'actor', Arn: actor, DeadLetterConfig: { Arn: hubDead } },
        { Id: 'inbox', Arn: inbox, DeadLetterConfig: { Arn: hubDead } },
        ...more,
      ],
    }),
  invoke: () =>
    c.lambda.addPermission({
      FunctionName: 'actor',
      StatementId: 'events',
      Action: 'lambda:InvokeFunction',
      Principal: events.Service,
      SourceArn: hubRule,
    }),
  actorPolicy: () =>
    c.iam.hub.putRolePolicy({
      RoleName: 'actor',
      PolicyName: 'bury',
      PolicyDocument: policy({ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: hubDead }),
    }),
  queuePolicy: (arn: string, rule = arn.includes(hub) ? hubRule : memberRule) =>
    c.clientOf(arn).setQueueAttributes({
      QueueUrl: c.url(arn),
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
});

const taking = (c: Clients) => ({
  rolePolicy: () => c.iam.member.deleteRolePolicy({ RoleName: 'forwarder', PolicyName: 'put' }),
  invoke: () => c.lambda.removePermission({ FunctionName: 'actor', StatementId: 'events' }),
  actorPolicy: () => c.iam.hub.deleteRolePolicy({ RoleName: 'actor', PolicyName: 'bury' }),
});

type Giving = ReturnType<typeof forwarding> & ReturnType<typeof receiving>;

async function build(c: Clients, give: Giving, output: string, poison: string): Promise<void> {
  for (const arn of [inbox, hubDead, memberDead]) {
    await c.clientOf(arn).createQueue({ QueueName: arn.split(':')[5] });
    await give.queuePolicy(arn);
  }
  const trust = (principal: object) =>
    policy({ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' });
  const role = { AssumeRolePolicyDocument: trust(events) };
  await c.iam.member.createRole({ RoleName: 'forwarder', ...role });
  const lambdaTrust = { AssumeRolePolicyDocument: trust({ Service: 'lambda.amazonaws.com' }) };
  await c.iam.hub.createRole({ RoleName: 'actor', ...lambdaTrust });
  await c.bridge.hub.createEventBus({ Name: 'org' });
  await c.bridge.hub.putRule({ Name: 'act', EventBusName: 'org', EventPattern: JSON.stringify(pattern) });
  await c.lambda.createFunction({
    FunctionName: 'actor',
    Role: actorRole,
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Handler: 'index.handler',
    Code: { ZipFile: zipSync({ 'index.mjs': strToU8(handler) }) },
    Environment: { Variables: { OUTPUT: output, POISON: poison } },
  });
  await c.lambda.putFunctionEventInvokeConfig({
    FunctionName: 'actor',
    MaximumRetryAttempts: 1,
    DestinationConfig: { OnFailure: { Destination: hubDead } },
  });
  await give.memberRule();
  for (const one of [give.memberTarget, give.trust, give.rolePolicy, give.busPolicy]) await one();
  await give.hubTargets();
  await give.invoke();
  await give.actorPolicy();
}

/**
 * A member's default bus, a forwarding rule, the org bus, a function and a queue behind it, with every permission given;
 * each can be taken and given back. Invoked event ids go to the file `output`.
 */
export function deliveryPath(sandbox: Sandbox, output: string) {
  const c = clientsOf(sandbox);
  const give = { ...forwarding(c), ...receiving(c) };
  return {
    give,
    take: taking(c),
    bridge: c.bridge,
    /** The function fails on events about the group `poison`. */
    build: (poison: string) => build(c, give, output, poison),
    drain: (queue: string) => drain(c, queue),
    invocations: async (): Promise<string[]> =>
      (await readFile(output, 'utf8').catch(() => '')).split('\n').filter(Boolean),
  };
}
