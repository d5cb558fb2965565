import type { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { prefixListCache } from '../../../../controlplane/sweep/prefix-lists.ts';
import type { ReadingContext } from '../../../../controlplane/sweep/read-cell.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';

type Input = Record<string, unknown>;
/** What a call answers by its name, such as DescribeSubnets: a value, an error to throw, or a function of the input. */
export type Answers = Record<string, unknown>;

/** A client that answers by the name of the command, and keeps what it was asked. */
export function fakeClient(answers: Answers) {
  const asked: { name: string; input: Input }[] = [];
  const send = async (command: { input: Input; constructor: { name: string } }) => {
    const name = command.constructor.name.replace(/Command$/, '');
    asked.push({ name, input: command.input });
    const given = answers[name];
    const answer = typeof given === 'function' ? given(command.input) : given;
    if (answer instanceof Error) throw answer;
    return answer ?? {};
  };
  return { client: { send } as unknown as EC2Client & CloudTrailClient, asked };
}

export const refusal = (name: string) => Object.assign(new Error('no'), { name });

export const policy = parsePolicy(`
version: 1
exceptions:
  - { name: bastion, owner: ops, why: entry, ticket: OPS-1, permanent: true, where: { include: [{ groupIds: [sg-bastion] }] }, allow: { sources: { cidrs: [0.0.0.0/0] }, ports: { any: [22] } } }
rules:
  - { name: world, mode: revoke, severity: critical, match: { sources: { public: { ipv4WiderThan: 16, ipv6WiderThan: 32 } } } }
`);

/** What readCell is given, where each account's EC2 and CloudTrail are these. */
export function context(
  ec2: Answers | ((accountId: string) => EC2Client),
  cloudTrail: Answers = {},
  more: Partial<ReadingContext> = {},
) {
  const one = typeof ec2 === 'function' ? undefined : fakeClient(ec2);
  const trail = fakeClient(cloudTrail);
  const reading: ReadingContext = {
    aws: {
      ec2: async (accountId) => (typeof ec2 === 'function' ? ec2(accountId) : (one?.client as EC2Client)),
      cloudTrail: async () => trail.client,
    },
    ...{ policy, policyDigest: 'digest', accounts: {}, prefixLists: prefixListCache() },
    isCovered: (accountId) => accountId === '222222222222',
    accountTags: async () => null,
    ...more,
  };
  return { reading, calls: () => one?.asked.map(({ name }) => name) ?? [], asked: one?.asked ?? [], trail };
}

export const open = (protocol: string, port: number | undefined, CidrIp = '0.0.0.0/0') => ({
  IpProtocol: protocol,
  ...(port !== undefined && { FromPort: port, ToPort: port }),
  IpRanges: [{ CidrIp }],
});
