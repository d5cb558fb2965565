import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A security group with one rule that opens a port to the world. */
export interface OpenGroup {
  readonly groupId: string;
  readonly port: number;
}

interface SweepCloud {
  readonly regions: readonly string[];
  /** What is open in a cell. */
  groupsOf(accountId: string, region: string): readonly OpenGroup[];
  /** Called for each EC2 call: true refuses it as one too many. */
  onCall?(operation: string): boolean;
}

const expiry = '2300-01-01T00:00:00Z';
const xml = (operation: string, content: string) =>
  `<${operation}Response><requestId>r</requestId>${content}</${operation}Response>`;
const list = (name: string, items: readonly string[]) =>
  `<${name}>${items.map((item) => `<item>${item}</item>`).join('')}</${name}>`;

const group = (accountId: string, { groupId, port }: OpenGroup) =>
  `<groupId>${groupId}</groupId><groupName>web</groupName><vpcId>vpc-1</vpcId><ownerId>${accountId}</ownerId>
   <ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>${port}</fromPort><toPort>${port}</toPort>
   <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissions>`;

const rule = ({ groupId, port }: OpenGroup) =>
  `<securityGroupRuleId>sgr-${groupId.slice(3)}</securityGroupRuleId><groupId>${groupId}</groupId>
   <isEgress>false</isEgress><ipProtocol>tcp</ipProtocol><fromPort>${port}</fromPort><toPort>${port}</toPort>
   <cidrIpv4>0.0.0.0/0</cidrIpv4>`;

/** Whose credentials signed the call, and where it is for. */
function placeOf(request: IncomingMessage): { accountId: string; region: string } {
  const [, accountId = '', region = ''] =
    /Credential=([^/]+)\/\d+\/([^/]+)/.exec(String(request.headers.authorization)) ?? [];
  return { accountId, region };
}

function ec2Answer(
  cloud: SweepCloud,
  operation: string,
  { accountId, region }: ReturnType<typeof placeOf>,
): string | undefined {
  if (operation === 'DescribeRegions') {
    const names = cloud.regions.map((name) => `<regionName>${name}</regionName>`);
    return xml(operation, list('regionInfo', names));
  }
  const open = cloud.groupsOf(accountId, region);
  if (operation === 'DescribeSecurityGroups')
    return xml(
      operation,
      list(
        'securityGroupInfo',
        open.map((each) => group(accountId, each)),
      ),
    );
  if (operation === 'DescribeSecurityGroupRules')
    return xml(operation, list('securityGroupRuleSet', open.map(rule)));
  return undefined;
}

/** STS and EC2 of an organization on loopback, answering at once. The key of an assumed role is its account's id. */
export async function startSweepCloud(cloud: SweepCloud) {
  const counts = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const body = new URLSearchParams(await text(request));
    const operation = body.get('Action') ?? String(request.url);
    counts.set(operation, (counts.get(operation) ?? 0) + 1);
    if (operation === 'AssumeRole') {
      const accountId = body.get('RoleArn')?.split(':')[4] ?? '';
      const credentials = `<AccessKeyId>${accountId}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
        <SessionToken>t</SessionToken><Expiration>${expiry}</Expiration>`;
      response.end(
        xml(operation, `<AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult>`),
      );
      return;
    }
    if (operation === 'GetCallerIdentity') {
      const identity = '<Account>111111111111</Account><Arn>arn:aws:iam::111111111111:user/control</Arn>';
      response.end(xml(operation, `<GetCallerIdentityResult>${identity}</GetCallerIdentityResult>`));
      return;
    }
    const refusal = (status: number, code: string) => {
      response.statusCode = status;
      response.end(
        `<Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors></Response>`,
      );
    };
    if (cloud.onCall?.(operation)) return refusal(503, 'RequestLimitExceeded');
    const answer = ec2Answer(cloud, operation, placeOf(request));
    if (answer === undefined) return refusal(403, 'UnauthorizedOperation');
    response.end(answer);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    environment: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      ...{ AWS_ACCESS_KEY_ID: '111111111111', AWS_SECRET_ACCESS_KEY: 's', AWS_REGION: 'eu-west-1' },
    },
    counts: (operation: string) => counts.get(operation) ?? 0,
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
