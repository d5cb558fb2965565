import type { PrefixListAssociation, SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Cloud, Member } from '../../../../lambda/aws/cloud.ts';
import { announcementDetailType, announcementSchema } from '../../../../lambda/contract/announcement.ts';
import { awsError } from '../../../worlds/lambda.ts';
import type { Content } from './oracle-source.ts';

export interface Group {
  id: string;
  name: string;
  owner: string;
  tags: { Key: string; Value: string }[];
  /** Replaced, never changed in place. */
  rules: readonly SecurityGroupRule[];
}

/** What there is in AWS. A cell is one account in one Region, `<account>/<region>`. */
export interface Scene {
  cells: Map<string, Map<string, Group>>;
  lists: Map<string, Content>;
  /** Prefix lists whose edit is still under way: until it is done they hold the world. */
  editing: ReadonlySet<string>;
  associations: PrefixListAssociation[];
  pageSize: number;
}

/** What happens at the nth AWS call of an event: it fails once, or another caller is faster. */
export interface Mishap {
  at: number;
  kind: 'throttled' | 'denied' | 'broken' | 'answer lost' | 'rule deleted' | 'rule added';
}

export type Fake = ReturnType<typeof fakeAws>;

/** What was called in no cell of the scene, and every change: cell, group and rule, or protocol, ports and range. */
const emptyRecord = () => ({
  trespasses: [] as string[],
  revoked: [] as string[],
  authorized: [] as string[],
  detail: [] as string[],
  mishaps: 0,
});

/** AWS for the handler, of the members given; the other accounts do not know the remediation role. */
export function fakeAws(members: readonly string[], busArn: string, token: string) {
  let scene: Scene;
  let mishap: Mishap | undefined;
  let calls = 0;
  const record = emptyRecord();
  const enter = (cell?: Map<string, Group>, isRevoke = false) => {
    calls += 1;
    if (mishap?.at !== calls) return;
    const waits = (!cell && mishap.kind.startsWith('rule')) || (!isRevoke && mishap.kind === 'answer lost');
    if (waits) mishap = { ...mishap, at: calls + 1 };
    else {
      record.mishaps += 1;
      if (!isRevoke || mishap.kind !== 'answer lost') strike(mishap.kind, cell);
    }
  };
  const memberOf = (name: string): Member => {
    const cell = (isRevoke = false) => {
      const found = scene.cells.get(name);
      if (!found) record.trespasses.push(name);
      enter(found, isRevoke);
      return found ?? new Map<string, Group>();
    };
    const isLost = () => mishap?.kind === 'answer lost' && mishap.at === calls;
    return member({ name, cell, isLost, scene: () => scene, record });
  };
  const cloud: Cloud = {
    async assumeRole(roleArn) {
      enter();
      const [, , , , account = '', role] = roleArn.split(':');
      if (role !== 'role/portcullis-remediation' || !members.includes(account))
        throw awsError('AccessDenied', 403);
      const expiration = new Date('2026-03-02T10:15:10Z');
      return { accessKeyId: account, secretAccessKey: 's', sessionToken: 't', expiration };
    },
    member: (region, { accessKeyId }) => memberOf(`${accessKeyId}/${region}`),
    async putEvent({ EventBusName, DetailType, Detail = '' }) {
      enter();
      if (EventBusName !== busArn) return { ErrorCode: 'NoSuchBus' };
      if (Buffer.byteLength(Detail) > 250_000) return { ErrorCode: 'ValidationException' };
      if (DetailType === announcementDetailType) announcementSchema.parse(JSON.parse(Detail));
      else record.detail.push(Detail);
      return { EventId: 'published' };
    },
    readSecret: async () => JSON.stringify({ token, channel: 'C1' }),
    publish: async ({ Message, Subject = '' }) => {
      if (!/^[ -~]{1,100}$/.test(Subject) || !Message || Buffer.byteLength(Message) > 256 * 1024)
        throw awsError('InvalidParameter');
    },
  };
  return {
    cloud,
    record,
    /** Sets the scene for the next event, with what goes wrong. */
    play(next: Scene, at?: Mishap) {
      scene = next;
      mishap = at;
      calls = 0;
      Object.assign(record, emptyRecord());
    },
  };
}

function strike(kind: Mishap['kind'], cell: Map<string, Group> | undefined): void {
  if (kind === 'throttled') throw awsError('RequestLimitExceeded', 503);
  if (kind === 'denied') throw awsError('UnauthorizedOperation', 403);
  if (kind === 'broken') throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  for (const group of cell?.values() ?? []) {
    const harmless = { ...group.rules[0], CidrIpv4: '10.0.0.0/8', IsEgress: false, IpProtocol: 'tcp' };
    const oneSource = { CidrIpv6: undefined, PrefixListId: undefined, ReferencedGroupInfo: undefined };
    const https = { FromPort: 443, ToPort: 443, SecurityGroupRuleId: 'sgr-added', GroupId: group.id };
    if (kind === 'rule deleted') group.rules = group.rules.slice(1);
    else group.rules = [...group.rules, { ...harmless, ...https, ...oneSource }];
  }
}

interface Door {
  name: string;
  cell: (isRevoke?: boolean) => Map<string, Group>;
  /** The answer to the call that changed something does not arrive. */
  isLost: () => boolean;
  scene: () => Scene;
  record: ReturnType<typeof emptyRecord>;
}

function member({ name, cell, isLost, scene, record }: Door): Member {
  /** A listing as it was when it began: a change during it makes it skip nothing. */
  const listings: unknown[][] = [];
  const paged = <Item>(items: readonly Item[], token: string | undefined) => {
    const [nth = listings.length, start = 0] = token?.split('/').map(Number) ?? [];
    listings[nth] ??= [...items];
    const all = listings[nth] as Item[];
    const next = start + scene().pageSize;
    return { items: all.slice(start, next), nextToken: next < all.length ? `${nth}/${next}` : undefined };
  };
  const groupOf = (groups: Map<string, Group>, id: string): Group => {
    if (!/^sg-[0-9a-f]{8,17}$/.test(id)) throw awsError('InvalidGroupId.Malformed');
    const group = groups.get(id);
    if (!group) throw awsError('InvalidGroup.NotFound');
    return group;
  };
  const list = (id: string) => {
    const content = scene().lists.get(id);
    if (content === undefined) throw awsError('InvalidPrefixListID.NotFound');
    if (content === 'unreadable') throw awsError('UnauthorizedOperation', 403);
    return content;
  };
  return {
    async describeGroups({ groupId, groupName }, token) {
      const groups = cell();
      const all = groupId === undefined ? [...groups.values()] : [groupOf(groups, groupId)];
      const named = groupName === undefined ? all : all.filter((group) => group.name === groupName);
      const listed = named.map(({ id, name: GroupName, owner, tags }) => {
        return { GroupId: id, GroupName, OwnerId: owner, VpcId: 'vpc-1', Tags: tags };
      });
      return groupId === undefined ? paged(listed, token) : { items: listed };
    },
    async describeRules(id, token) {
      const all = [...cell().values()].flatMap(({ rules }) => rules);
      return paged(id === undefined ? all : all.filter(({ GroupId }) => GroupId === id), token);
    },
    async describePrefixList(PrefixListId) {
      cell();
      const State = scene().editing.has(PrefixListId) ? 'modify-in-progress' : 'modify-complete';
      const OwnerId = list(PrefixListId) === 'aws' ? 'AWS' : '300000000001';
      return { items: [{ PrefixListId, OwnerId, State, PrefixListName: 'list' }] };
    },
    async prefixListEntries(id, token) {
      cell();
      const content = list(id);
      const cidrs = scene().editing.has(id) ? ['0.0.0.0/0'] : Object(content).cidrs;
      return paged(
        cidrs.map((Cidr: string) => ({ Cidr })),
        token,
      );
    },
    resolverTargets: async () => ({ items: [] }),
    async prefixListAssociations(id) {
      cell();
      return { items: id === 'pl-0123456789abcdef0' ? scene().associations : [] };
    },
    async authorizeIngress(id, { IpProtocol, FromPort, ToPort, IpRanges, Ipv6Ranges }) {
      const group = groupOf(cell(), id);
      const source = { CidrIpv4: IpRanges?.[0]?.CidrIp, CidrIpv6: Ipv6Ranges?.[0]?.CidrIpv6 };
      const SecurityGroupRuleId = `sgr-allowed-${record.authorized.length}-${group.rules.length}`;
      const where = { SecurityGroupRuleId, GroupId: id, IsEgress: false };
      const made = { ...where, IpProtocol, FromPort, ToPort, ...source };
      const text = source.CidrIpv4 ?? source.CidrIpv6;
      record.authorized.push(`${name} ${id} ${IpProtocol} ${FromPort} ${ToPort} ${text}`);
      group.rules = [...group.rules, made];
    },
    async revokeIngress(id, ruleIds) {
      const group = groupOf(cell(true), id);
      const ingress = group.rules.filter((rule) => !rule.IsEgress).map((rule) => rule.SecurityGroupRuleId);
      if (ruleIds.some((each) => !ingress.includes(each)))
        throw awsError('InvalidSecurityGroupRuleId.NotFound');
      record.revoked.push(...ruleIds.map((each) => `${name} ${id} ${each}`));
      group.rules = group.rules.filter((rule) => !ruleIds.includes(rule.SecurityGroupRuleId ?? ''));
      if (isLost()) strike('broken', undefined);
    },
    async importFindings(findings) {
      cell();
      return findings
        .filter(({ AwsAccountId }) => !name.startsWith(`${AwsAccountId}/`))
        .map(({ Id }) => ({ Id, ErrorCode: 'Invalid', ErrorMessage: 'another account' }));
    },
  };
}
