import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { anywhere, eights, narrow, odd, unreadable, type Written, wide } from './address-pool.ts';
import { pick } from './event-tree.ts';
import { groupIds, listIds, members } from './ids.ts';
import type { Content } from './oracle-source.ts';
import type { Group, Scene } from './world.ts';

type Traffic = Pick<SecurityGroupRule, 'IpProtocol' | 'FromPort' | 'ToPort'>;
const ports = (IpProtocol: string, ...ranges: [number?, number?][]): Traffic[] =>
  ranges.map(([FromPort, ToPort = FromPort]) => ({ IpProtocol, FromPort, ToPort }));

/** What rules open; few ports, so that the rules of a group meet. */
const traffics: Traffic[] = [
  ...ports('tcp', [22], [22], [22], [443], [443], [80], [3389], [24], [22, 23], [0, 65_535], [81, 442]),
  ...ports('tcp', [444, 65_535], [0, 79], [79, 81], [8_000, 9_000], [3_005, 3_306], [65_535], [0]),
  ...ports('tcp', [23, 22], [-1, -1], [undefined], [22, 70_000], [22.5]),
  ...ports('udp', [53], [443], [8_000, 9_000], [0, 65_535], [161, 22], [161]),
  ...ports('-1', [-1, -1], [undefined], [22], [0, 65_535]),
  ...ports('icmp', [-1, -1], [8, -1], [5, 0], [3, 4], [8, 0], [256, 0], [8, 300]),
  ...ports('icmpv6', [-1, -1], [128, -1], [8, -1]),
  ...ports('50', [undefined], [-1, -1]),
  ...ports('6', [22], [443]),
  ...[
    ...ports('17', [53]),
    ...ports('58', [8, -1]),
    ...ports('1', [-1, -1]),
    ...ports('TCP', [22]),
    ...ports('all', []),
  ],
  ...[...ports('sctp', [22]), ...ports('', [22]), ...ports('256', [22]), ...ports('-2', [22])],
];

/** What the sources of a group are drawn from: a group of halves is as likely as one of anything. */
const palettes: Written[][] = [
  wide,
  [...eights, ...wide.slice(-10)],
  narrow,
  [...wide, ...eights, ...anywhere],
  [...wide, ...narrow, ...anywhere, ...odd],
  [...odd, ...unreadable, ...wide],
];

type Peer = Partial<SecurityGroupRule>;
const peers: Peer[] = [
  ...listIds.map((PrefixListId) => ({ PrefixListId })),
  { PrefixListId: listIds[0] },
  ...[undefined, '300000000001', '300000000002', '300000000009'].map((UserId) => ({
    ReferencedGroupInfo: { GroupId: 'sg-0ffffffffffffffff', UserId },
  })),
  { CidrIpv4: '0.0.0.0/0', CidrIpv6: '::/0' },
  { CidrIpv4: '0.0.0.0/0', PrefixListId: listIds[1] },
  {},
];

const ruleArbitrary = fc.tuple(fc.nat(9_999), fc.nat(9_999), fc.nat(9_999));
const groupArbitrary = fc.tuple(fc.nat(9_999), fc.array(ruleArbitrary, { maxLength: 5 }));
const listArbitrary = fc.tuple(fc.nat(9_999), fc.array(fc.nat(9_999), { maxLength: 4 }));

/** Numbers that a scene is made from, so that a failing one shrinks. */
export const sceneArbitrary = fc.record({
  groups: fc.array(groupArbitrary, { minLength: 1, maxLength: 3 }),
  shared: groupArbitrary,
  lists: fc.tuple(listArbitrary, listArbitrary, listArbitrary),
  pages: fc.nat(9),
});
export type SceneNumbers = typeof sceneArbitrary extends fc.Arbitrary<infer Numbers> ? Numbers : never;

/** The groups of the account and Region that an event comes from, some of them another's, which may use its list. */
export function createScene(account: string, region: string, numbers: SceneNumbers): Scene {
  const lists = new Map<string, Content>([
    ...numbers.lists.map((list, index): [string, Content] => [listIds[index] ?? '', contentOf(list)]),
    [listIds[3] ?? '', 'aws'],
    [listIds[4] ?? '', 'unreadable'],
  ]);
  const other = members.find((member) => member !== account) ?? '';
  const cell = new Map(
    numbers.groups.map((group, index) => {
      const id = groupIds[index] ?? '';
      return [id, createGroup(id, group, group[0] % 13 === 12 ? other : account)];
    }),
  );
  const sharedId = 'sg-0a1b2c3d4e5f60009';
  const guests = [
    createGroup(sharedId, numbers.shared, other),
    ...[...cell.values()].filter((group) => group.owner === other),
  ];
  const [first] = listIds;
  const uses = ({ rules }: Group) => rules.some((rule) => rule.PrefixListId === first && !rule.IsEgress);
  return {
    cells: new Map([
      [`${account}/${region}`, cell],
      [`${other}/${region}`, new Map(guests.map((group) => [group.id, group]))],
    ]),
    lists,
    editing: new Set(numbers.lists[0][0] % 50 === 49 ? [first ?? ''] : []),
    associations: guests.filter(uses).flatMap(({ id }) => {
      const association = { ResourceId: id, ResourceOwner: other };
      return numbers.pages > 7 ? [association, association] : [association];
    }),
    pageSize: [1, 2, 1_000][numbers.pages % 3] ?? 1_000,
  };
}

function contentOf([palette, entries]: [number, number[]]): Content {
  return { cidrs: entries.map((entry) => pick(pick(palettes, palette), entry).text) };
}

const names = ['web', 'web', 'default', 'a*b', '<@U1> `x`', ''];
const tagSets = [
  [],
  [],
  [['exempt', 'yes']],
  [['exempt', 'no']],
  [
    ['stage', 'production'],
    ['Owner', 'eve'],
  ],
];

function createGroup(id: string, [form, rules]: SceneNumbers['shared'], owner: string): Group {
  const palette = pick(palettes, form);
  const made = rules.map(
    ([traffic, source, kind], index): SecurityGroupRule => ({
      SecurityGroupRuleId: `sgr-${id.slice(-4)}${String(index + 1).padStart(13, '0')}`,
      GroupId: id,
      IsEgress: kind % 8 === 7,
      ...pick(traffics, traffic),
      ...(kind % 5 === 4 ? pick(peers, source) : cidr(pick(palette, source).text)),
      ...(kind % 11 === 10 && { Description: 'for <!channel>', Tags: [{ Key: '__proto__', Value: 'x' }] }),
    }),
  );
  const tags = pick(tagSets, Math.floor(form / 7)).map(([Key = '', Value = '']) => ({ Key, Value }));
  return { id, name: pick(names, Math.floor(form / 50)), owner, tags, rules: made };
}

function cidr(text: string): Peer {
  return text.includes(':') ? { CidrIpv6: text } : { CidrIpv4: text };
}
