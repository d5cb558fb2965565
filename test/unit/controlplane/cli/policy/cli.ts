import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { cli } from '../cli.ts';

/** Runs `portcullis policy …`. */
export const policy = (...args: string[]) => cli('policy', ...args);

/** The same with `--json`, its answer read. */
export async function policyJson(...args: string[]) {
  const { exit, out, complaint } = await policy(...args, '--json');
  return { exit, complaint, answer: out === '' ? undefined : JSON.parse(out) };
}

let directory: Promise<string> | undefined;
afterAll(async () => {
  if (directory) await rm(await directory, { recursive: true });
  directory = undefined;
});

/** A file with this content; its path. What is no text is written as JSON. */
export async function file(name: string, content: unknown): Promise<string> {
  directory ??= mkdtemp(join(tmpdir(), 'portcullis-policy-'));
  const path = join(await directory, name);
  await mkdir(dirname(path), { recursive: true });
  const text =
    typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
  await writeFile(path, text);
  return path;
}

const fixtures = 'test/fixtures/policy-commands';
export const samples = {
  groups: `${fixtures}/groups.json`,
  rules: `${fixtures}/rules.json`,
  policy: `${fixtures}/policy.yaml`,
  accounts: `${fixtures}/accounts.json`,
  prefixList: `${fixtures}/prefix-lists/pl-0123456789abcdef0.json`,
  expectations: `${fixtures}/expectations.yaml`,
};

/** A permission as `aws ec2 describe-security-groups` lists it. */
export function permission(IpProtocol: string, ports: [number, number] | [], ...sources: string[]) {
  const [FromPort, ToPort] = ports;
  const of = (test: RegExp) => sources.filter((source) => test.test(source));
  return {
    IpProtocol,
    ...(FromPort !== undefined && { FromPort, ToPort }),
    IpRanges: of(/^\d+\./).map((CidrIp) => ({ CidrIp })),
    Ipv6Ranges: of(/:/).map((CidrIpv6) => ({ CidrIpv6 })),
    PrefixListIds: of(/^pl-/).map((PrefixListId) => ({ PrefixListId })),
    UserIdGroupPairs: of(/^sg-/).map((GroupId) => ({ GroupId, UserId: '300000000001' })),
  };
}

/** An export of one group with these permissions. */
export function exported(IpPermissions: object[], change: object = {}) {
  const group = {
    GroupId: 'sg-01',
    GroupName: 'web',
    OwnerId: '300000000001',
    VpcId: 'vpc-01',
    IpPermissions,
  };
  const SecurityGroupArn = 'arn:aws:ec2:eu-west-1:300000000001:security-group/sg-01';
  return { SecurityGroups: [{ ...group, SecurityGroupArn, ...change }] };
}

/** The options for a policy, and for an export of one group with these permissions. */
export const optionsFor = async (text: string, permissions: object[], change: object = {}) => [
  ...['--policy', await file('policy.yaml', text)],
  ...['--groups', await file('groups.json', exported(permissions, change))],
];

export const ssh = permission('tcp', [22, 22], '0.0.0.0/0');

export interface EvaluatedRule {
  readonly ruleId: string;
  readonly rule: string;
  readonly verdict: string;
  readonly act: string | null;
  readonly policyRule: string | null;
  readonly mode: string | null;
  readonly why: string;
}

/** The rules of the first group in the report of `policy test`. */
export const evaluated = async (args: readonly string[]): Promise<EvaluatedRule[]> =>
  (await policyJson('test', ...args)).answer.groups[0].rules;

/** The same in a line each, such as `tcp/22/0.0.0.0/0 violation revoke`. */
export const outcomes = async (args: readonly string[]): Promise<string[]> =>
  (await evaluated(args)).map(({ rule, verdict, act }) => [rule, verdict, act].filter(Boolean).join(' '));

/** The words of a command line, in which GROUPS and POLICY are the sample files. */
export const words = (line: string): string[] =>
  line.replaceAll('GROUPS', samples.groups).replaceAll('POLICY', samples.policy).split(' ').filter(Boolean);

/** A policy file of the rules given in flow style, each in mode revoke unless it says otherwise. */
export function policyText(rules: string[], rest = ''): string {
  const list = rules.map((text, index) => {
    const mode = /\bmode:/.test(text) ? '' : 'mode: revoke, ';
    return `  - { name: rule-${index + 1}, ${mode}${text} }`;
  });
  return ['version: 1', rest, 'rules:', ...list, ''].join('\n');
}

export const worldOn = (ports: string, limits = 'ipv4WiderThan: 8, ipv6WiderThan: 16') =>
  `match: { ports: { any: [${ports}] }, sources: { public: { ${limits} } } }`;
