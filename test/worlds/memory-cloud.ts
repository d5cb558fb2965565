import type { IpamPrefixListResolverTarget, ManagedPrefixList, SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { AwsSecurityFinding } from '@aws-sdk/client-securityhub';
import type { PublishCommandInput } from '@aws-sdk/client-sns';
import type { Cloud, Member, Session } from '../../lambda/aws/cloud.ts';
import {
  type Announcement,
  announcementDetailType,
  announcementSchema,
} from '../../lambda/contract/announcement.ts';
import { type RemediationResult, remediationResultSchema } from '../../lambda/contract/result.ts';
import type { Ledger } from '../../lambda/ledger/ledger.ts';

export interface MemoryLedger extends Ledger {
  keys(): string[];
  /** What every call rejects with, when set. */
  fail: Error | undefined;
}

/** A ledger in memory whose entries end on the second; `now` is the time they are read at. */
export function memoryLedger(now: () => Date): MemoryLedger {
  const entries = new Map<string, { text?: string; members: Set<string>; count: number; until: number }>();
  const live = (key: string) => {
    if (ledger.fail) throw ledger.fail;
    const entry = entries.get(key);
    return entry && entry.until > now().getTime() ? entry : undefined;
  };
  const open = (key: string, keptUntil: Date) => {
    const entry = live(key) ?? { members: new Set<string>(), count: 0, until: 0 };
    entry.until = keptUntil.getTime();
    entries.set(key, entry);
    return entry;
  };
  const ledger: MemoryLedger = {
    fail: undefined,
    keys: () => [...entries.keys()].filter(live),
    read: async (key) => live(key)?.text,
    async write(key, text, keptUntil) {
      open(key, keptUntil).text = text;
    },
    async writeOnce(key, text, keptUntil) {
      if (live(key)) return false;
      open(key, keptUntil).text = text;
      return true;
    },
    members: async (key) => [...(live(key)?.members ?? [])],
    async add(key, members, keptUntil) {
      const entry = open(key, keptUntil);
      for (const member of members) entry.members.add(member);
      return [...entry.members];
    },
    async remove(key, members) {
      for (const member of members) live(key)?.members.delete(member);
    },
    async count(key, keptUntil) {
      const entry = open(key, keptUntil);
      entry.count += 1;
      return entry.count;
    },
  };
  return ledger;
}

export const busArn = 'arn:aws:events:eu-west-1:222222222222:event-bus/portcullis';
export const groupId = 'sg-0a1b2c3d4e5f60001';
export const prefixListId = 'pl-0123456789abcdef0';

export type Call = keyof Cloud | keyof Member;
export type PrefixList = ManagedPrefixList & { cidrs: string[] };
export type CloudState = ReturnType<typeof cloudState>;

/** The AWS of an organization with one group in 300000000001 eu-west-1. A test may change any of it. */
export const cloudState = (
  rules: SecurityGroupRule[],
  tags: { Key: string; Value: string }[],
  list?: PrefixList,
) => ({
  time: Date.parse('2026-03-02T09:15:10Z'),
  groups: new Map([[groupId, rules]]),
  names: new Map([[groupId, 'web']]),
  owner: '300000000001',
  owners: new Map<string, string>(),
  tags,
  pageSize: 1000,
  prefixLists: new Map<string, PrefixList>(list && [[prefixListId, list]]),
  /** Groups of other accounts that use a list, by its id. */
  associations: new Map<string, { ResourceId: string; ResourceOwner: string }[]>(),
  /** The lists that an IPAM prefix list resolver writes to, by its id. */
  resolverTargets: new Map<string, IpamPrefixListResolverTarget[]>(),
  /** The accounts that have the remediation role. */
  members: ['300000000001', '300000000002'],
  /** Accounts outside the organization: their roles cannot be assumed. */
  outsiders: ['999999999999'],
  secret: 'https://hooks.example.com/SECRET',
  sessions: [] as { roleArn: string; sessionName: string }[],
  /** What the org bus, the SNS topic and Security Hub received. */
  published: [] as RemediationResult[],
  announced: [] as Announcement[],
  topic: [] as PublishCommandInput[],
  findings: [] as AwsSecurityFinding[],
});

export function awsError(name: string, status = 400): Error {
  return Object.assign(new Error(`${name} from the fake`), { name, $metadata: { httpStatusCode: status } });
}

function page<Item>(all: readonly Item[], token: string | undefined, size: number) {
  const start = Number(token ?? 0);
  const next = start + size;
  return { items: all.slice(start, next), nextToken: next < all.length ? String(next) : undefined };
}

export const rulesOf = ({ groups, owners }: Pick<CloudState, 'groups' | 'owners'>, id?: string) =>
  id === undefined
    ? [...groups].flatMap(([group, rules]) => (owners.has(group) ? [] : rules))
    : (groups.get(id) ?? []);

/** AWS in memory, as the Lambda calls it; `enter` is called first in each call. */
export function memoryCloud(world: CloudState, enter: (call: Call) => void): Cloud {
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
      return page(rulesOf(world, id), token, world.pageSize);
    },
    async describePrefixList(id) {
      enter('describePrefixList');
      const facts = { PrefixListId: id, OwnerId: '300000000001', State: 'modify-complete' as const };
      return { items: [{ ...facts, ...prefixList(id) }] };
    },
    async prefixListEntries(id, token) {
      enter('prefixListEntries');
      const entries = prefixList(id).cidrs.map((Cidr) => ({ Cidr }));
      return page(entries, token, 1);
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
      const made = { SecurityGroupRuleId: `sgr-new${rulesOf(world, id).length}`, ...where, ...source };
      world.groups.set(id, [...rulesOf(world, id), made]);
    },
    async revokeIngress(id, ruleIds) {
      enter('revokeIngress');
      const present = rulesOf(world, id)
        .filter((rule) => !rule.IsEgress)
        .map((rule) => rule.SecurityGroupRuleId);
      if (ruleIds.some((ruleId) => !present.includes(ruleId)))
        throw awsError('InvalidSecurityGroupRuleId.NotFound');
      world.groups.set(
        id,
        rulesOf(world, id).filter((rule) => !ruleIds.includes(rule.SecurityGroupRuleId ?? '')),
      );
    },
    async importFindings(findings) {
      enter('importFindings');
      world.findings.push(...findings);
      return [];
    },
  };
  return {
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
      return world.secret;
    },
    async publish(message) {
      enter('publish');
      world.topic.push(message);
    },
  };
}
