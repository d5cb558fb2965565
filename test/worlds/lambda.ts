import { readFileSync } from 'node:fs';
import type { IpamPrefixListResolverTarget, ManagedPrefixList, SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { AwsSecurityFinding } from '@aws-sdk/client-securityhub';
import type { PublishCommandInput } from '@aws-sdk/client-sns';
import type { Clock } from '../../lambda/aws/clock.ts';
import type { Cloud, Member, Session } from '../../lambda/aws/cloud.ts';
import {
  type Announcement,
  announcementDetailType,
  announcementSchema,
} from '../../lambda/contract/announcement.ts';
import { type RemediationResult, remediationResultSchema } from '../../lambda/contract/result.ts';
import { createHandler } from '../../lambda/handler.ts';
import type { Fetch } from '../../lambda/notify/slack/channel.ts';
import type { Accounts } from '../../lambda/policy/account-facts.ts';
import { parsePolicy } from '../../lambda/policy/parse.ts';
import { type MemoryLedger, memoryLedger } from './memory-ledger.ts';
import { worldOpen } from './policy-sample.ts';

const events = new URL('../fixtures/events/', import.meta.url);
const busArn = 'arn:aws:events:eu-west-1:222222222222:event-bus/portcullis';
const slackSecretArn = 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack';
export const groupId = 'sg-0a1b2c3d4e5f60001';

export function fixture(name: string): Record<string, unknown> & { id: string } {
  return JSON.parse(readFileSync(new URL(`${name}.json`, events), 'utf8'));
}

export function awsError(name: string, status = 400): Error {
  return Object.assign(new Error(`${name} from the fake`), { name, $metadata: { httpStatusCode: status } });
}

export function openRule(id: number, change: Partial<SecurityGroupRule> = {}): SecurityGroupRule {
  const where = { SecurityGroupRuleId: `sgr-0000000000000000${id}`, GroupId: groupId, IsEgress: false };
  return { ...where, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIpv4: '0.0.0.0/0', ...change };
}

/** An organization of one group in 300000000001 eu-west-1, a bus, a Slack, and calls that a test can make fail. */
export function createWorld({
  mode = 'revoke',
  cap = '',
  slack = slackSecretArn as string | null,
  policy = parsePolicy(worldOpen.replace('mode: revoke', `mode: ${mode}`) + (cap && `mode: ${cap}\n`)),
  accounts = {} as Accounts,
  topicArn = null as string | null,
  securityHub = false,
  fetch = undefined as Fetch | undefined,
  clock = undefined as Clock | undefined,
  ledger = undefined as MemoryLedger | undefined,
} = {}) {
  const failures: { call: keyof Cloud | keyof Member; error: Error; from: number }[] = [];
  const counts = new Map<string, number>();
  const world = {
    time: Date.parse('2026-03-02T09:15:10Z'),
    groups: new Map([[groupId, [openRule(1)]]]),
    names: new Map([[groupId, 'web']]),
    owner: '300000000001',
    owners: new Map<string, string>(),
    /** The accounts that have the remediation role. */
    members: ['300000000001', '300000000002'],
    announced: [] as Announcement[],
    /** Groups of other accounts that use a list, by its id. */
    associations: new Map<string, { ResourceId: string; ResourceOwner: string }[]>(),
    /** The lists that an IPAM prefix list resolver writes to, by its id. */
    resolverTargets: new Map<string, IpamPrefixListResolverTarget[]>(),
    /** Accounts outside the organization: their roles cannot be assumed. */
    outsiders: ['999999999999'],
    tags: [] as { Key: string; Value: string }[],
    pageSize: 1000,
    prefixLists: new Map<string, ManagedPrefixList & { cidrs: string[] }>(),
    sessions: [] as { roleArn: string; sessionName: string }[],
    published: [] as RemediationResult[],
    /** What the SNS topic and Security Hub got. */
    topic: [] as PublishCommandInput[],
    findings: [] as AwsSecurityFinding[],
    slack: {
      posts: [] as string[],
      answers: [] as (number | Error)[],
      secret: 'https://hooks.example.com/SECRET',
    },
    log: [] as string[],
    ledger: ledger ?? memoryLedger((): Date => new Date(world.time)),
    before: new Map<string, () => void>(),
    /** The nth call of a kind (from 1) fails once, or every call does. */
    fail: (call: keyof Cloud | keyof Member, error: Error, nth?: number) =>
      failures.push({ call, error, from: nth ?? 0 }),
  };
  const enter = (call: keyof Cloud | keyof Member) => {
    const count = (counts.get(call) ?? 0) + 1;
    counts.set(call, count);
    world.before.get(call)?.();
    const failure = failures.find((each) => each.call === call && (each.from === 0 || each.from === count));
    if (failure) throw failure.error;
  };
  const rulesOf = (id?: string) =>
    id === undefined
      ? [...world.groups].flatMap(([group, rules]) => (world.owners.has(group) ? [] : rules))
      : (world.groups.get(id) ?? []);
  const prefixList = (id: string) => {
    const list = world.prefixLists.get(id);
    if (!list) throw awsError('InvalidPrefixListID.NotFound');
    return list;
  };
  const member: Member = {
    async describeGroups(by) {
      enter('describeGroups');
      const named = [...world.groups.keys()].filter((id) =>
        by.groupId === undefined
          ? by.groupName === undefined || world.names.get(id) === by.groupName
          : id === by.groupId,
      );
      if (by.groupId !== undefined && named.length === 0) throw awsError('InvalidGroup.NotFound');
      return {
        items: named.map((id) => ({
          GroupId: id,
          GroupName: world.names.get(id),
          VpcId: 'vpc-1',
          OwnerId: world.owners.get(id) ?? world.owner,
          Tags: world.tags,
        })),
      };
    },
    async describeRules(id, token) {
      enter('describeRules');
      const start = Number(token ?? 0);
      const next = start + world.pageSize;
      const items = rulesOf(id).slice(start, next);
      return { items, nextToken: next < rulesOf(id).length ? String(next) : undefined };
    },
    async describePrefixList(id) {
      enter('describePrefixList');
      return { items: [{ PrefixListId: id, OwnerId: '300000000001', ...prefixList(id) }] };
    },
    async prefixListEntries(id, token) {
      enter('prefixListEntries');
      const start = Number(token ?? 0);
      const { cidrs } = prefixList(id);
      const nextToken = start + 1 < cidrs.length ? String(start + 1) : undefined;
      return { items: cidrs.slice(start, start + 1).map((Cidr) => ({ Cidr })), nextToken };
    },
    async prefixListAssociations(id) {
      enter('prefixListAssociations');
      return { items: world.associations.get(id) ?? [] };
    },
    async resolverTargets(id) {
      enter('resolverTargets');
      return { items: world.resolverTargets.get(id) ?? [] };
    },
    async authorizeIngress(id, { IpProtocol, FromPort = -1, ToPort = -1, IpRanges, Ipv6Ranges }) {
      enter('authorizeIngress');
      const where = { GroupId: id, IsEgress: false, IpProtocol, FromPort, ToPort };
      const [v4, v6] = [IpRanges?.[0], Ipv6Ranges?.[0]];
      const Description = v4?.Description ?? v6?.Description;
      const source = { CidrIpv4: v4?.CidrIp, CidrIpv6: v6?.CidrIpv6, Description };
      const made = { SecurityGroupRuleId: `sgr-new${rulesOf(id).length}`, ...where, ...source };
      world.groups.set(id, [...rulesOf(id), made]);
    },
    async revokeIngress(id, ruleIds) {
      enter('revokeIngress');
      const present = rulesOf(id)
        .filter((rule) => !rule.IsEgress)
        .map((rule) => rule.SecurityGroupRuleId);
      if (ruleIds.some((ruleId) => !present.includes(ruleId)))
        throw awsError('InvalidSecurityGroupRuleId.NotFound');
      world.groups.set(
        id,
        rulesOf(id).filter((rule) => !ruleIds.includes(rule.SecurityGroupRuleId ?? '')),
      );
    },
    async importFindings(findings) {
      enter('importFindings');
      world.findings.push(...findings);
      return [];
    },
  };
  const cloud: Cloud = {
    async assumeRole(roleArn, sessionName): Promise<Session> {
      enter('assumeRole');
      if (world.outsiders.some((outsider) => roleArn.includes(outsider))) throw awsError('AccessDenied', 403);
      world.sessions.push({ roleArn, sessionName });
      return {
        accessKeyId: roleArn,
        secretAccessKey: 's',
        sessionToken: 't',
        expiration: new Date(world.time + 3_600_000),
      };
    },
    member: (region, session) => {
      const account = session.accessKeyId.split(':')[4] ?? '';
      if (region !== 'eu-west-1' || !world.members.includes(account)) throw new Error('another cell');
      return member;
    },
    async putEvent({ EventBusName, DetailType, Detail }) {
      enter('putEvent');
      if (EventBusName !== busArn) return { ErrorCode: 'NoSuchBus' };
      if (DetailType === announcementDetailType) {
        world.announced.push(announcementSchema.parse(JSON.parse(Detail ?? '')));
        return { EventId: 'announced' };
      }
      world.published.push(remediationResultSchema.parse(JSON.parse(Detail ?? '')));
      return { EventId: 'published' };
    },
    async readSecret() {
      enter('readSecret');
      return world.slack.secret;
    },
    async publish(message) {
      enter('publish');
      world.topic.push(message);
    },
  };
  const handler = createHandler({
    policy,
    accounts,
    environment: {
      busArn,
      hubRegion: 'eu-west-1',
      partition: 'aws',
      remediationRole: 'portcullis-remediation',
      table: 'portcullis',
      slackSecretArn: slack,
      topicArn,
      securityHub,
    },
    cloud,
    ledger: world.ledger,
    fetch:
      fetch ??
      (async (_, { body }) => {
        const answer = world.slack.answers.shift() ?? 200;
        if (answer instanceof Error) throw answer;
        if (answer === 200) world.slack.posts.push(String(body));
        return new Response('ok', { status: answer });
      }),
    clock: clock ?? {
      now: () => new Date(world.time),
      sleep: async (milliseconds) => {
        world.time += milliseconds;
      },
    },
    log: (step, facts) => world.log.push(JSON.stringify({ step, ...facts })),
  });
  return Object.assign(world, {
    handler,
    ruleIds: () => rulesOf(groupId).map((rule) => rule.SecurityGroupRuleId),
  });
}
