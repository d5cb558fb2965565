import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import { groupId, groupRules } from './instant-cloud.ts';

const expiry = '2300-01-01T00:00:00Z';

/** One security group rule as EC2's query protocol lists it. */
function item(rule: SecurityGroupRule): string {
  const { SecurityGroupRuleId, IpProtocol, FromPort, ToPort, CidrIpv4 } = rule;
  return `<item><securityGroupRuleId>${SecurityGroupRuleId}</securityGroupRuleId><groupId>${groupId}</groupId>
    <isEgress>false</isEgress><ipProtocol>${IpProtocol}</ipProtocol><fromPort>${FromPort}</fromPort>
    <toPort>${ToPort}</toPort><cidrIpv4>${CidrIpv4}</cidrIpv4></item>`;
}

/** What the call is, by either of the protocols that the Lambda's clients speak. */
function operationOf(request: IncomingMessage, body: string): string {
  const target = String(request.headers['x-amz-target'] ?? '');
  return target.split('.').at(-1) || new URLSearchParams(body).get('Action') || `${request.url}`;
}

/** The AWS of the cold start: one group of sixty rules, each call answered at once over plain HTTP. */
export async function loopbackAws() {
  let rules = groupRules;
  const xml = (operation: string, content: string) =>
    `<${operation}Response><requestId>r</requestId>${content}</${operation}Response>`;
  const answers: Record<string, (body: URLSearchParams) => string> = {
    AssumeRole: () =>
      xml(
        'AssumeRole',
        `<AssumeRoleResult><Credentials><AccessKeyId>key</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
          <SessionToken>token</SessionToken><Expiration>${expiry}</Expiration></Credentials></AssumeRoleResult>`,
      ),
    DescribeSecurityGroups: () =>
      xml(
        'DescribeSecurityGroups',
        `<securityGroupInfo><item><groupId>${groupId}</groupId><groupName>web</groupName><vpcId>vpc-1</vpcId>
          <ownerId>300000000001</ownerId></item></securityGroupInfo>`,
      ),
    DescribeSecurityGroupRules: () =>
      xml(
        'DescribeSecurityGroupRules',
        `<securityGroupRuleSet>${rules.map(item).join('')}</securityGroupRuleSet>`,
      ),
    RevokeSecurityGroupIngress: (body) => {
      const revoked = [...body].filter(([key]) => key.startsWith('SecurityGroupRuleId.')).map(([, id]) => id);
      rules = rules.filter(({ SecurityGroupRuleId = '' }) => !revoked.includes(SecurityGroupRuleId));
      return xml('RevokeSecurityGroupIngress', '<return>true</return>');
    },
    GetItem: () => '{}',
    PutItem: () => '{}',
    UpdateItem: () => '{}',
    PutEvents: () => '{"FailedEntryCount":0,"Entries":[{"EventId":"published"}]}',
  };
  const unexpected: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const operation = operationOf(request, body);
    const answer = answers[operation];
    if (!answer) unexpected.push(operation);
    response.statusCode = answer ? 200 : 400;
    response.end(answer?.(new URLSearchParams(body)) ?? '{}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Puts the opened rule back. */
    open: () => {
      rules = groupRules;
    },
    /** Calls that were asked for and not known: the bench measures something else then. */
    unexpected: (): readonly string[] => unexpected,
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
