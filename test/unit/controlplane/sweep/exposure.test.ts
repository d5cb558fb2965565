import { describe, expect, test } from 'vitest';
import {
  type Attachment,
  exposureOf,
  familiesOf,
  type SubnetNetwork,
} from '../../../../controlplane/sweep/exposure.ts';
import type { NetworkInterface } from '../../../../controlplane/sweep/interfaces.ts';
import type { Unread } from '../../../../controlplane/sweep/patience.ts';
import { routeTable } from '../../../../controlplane/sweep/routes.ts';
import type { PrefixList } from '../../../../lambda/policy/security-group.ts';

const face = (more: Partial<NetworkInterface> = {}): NetworkInterface => ({
  ...{ id: 'eni-1', subnetId: 'subnet-1', inUse: true, denied: false },
  public: { 4: ['52.0.0.1'], 6: [] },
  other: [],
  ...more,
});
const ipv6 = { 4: [], 6: ['2600:1f18::5'] };
const open = routeTable({
  ...{ RouteTableId: 'rtb-1', VpcId: 'vpc-1', Associations: [{ Main: true }] },
  Routes: [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }],
});
const off = { mode: 'off', changing: false, exclusions: [] };
const network = (more: Partial<SubnetNetwork> = {}): SubnetNetwork => ({
  ...{ vpcId: 'vpc-1', tables: [open], blockPublicAccess: off },
  ...more,
});
const attached = (
  interfaces: Attachment['interfaces'],
  subnet: SubnetNetwork | Unread = network(),
): Attachment => ({ interfaces, subnets: new Map([['subnet-1', subnet]]) });

describe('exposure', () => {
  test('a public address on a route to an internet gateway is reachable', () => {
    expect(exposureOf([4], attached([face()]))).toEqual({
      level: 'reachable',
      why: '52.0.0.1 on eni-1: rtb-1 routes 0.0.0.0/0 to igw-1, and VPC Block Public Access is off',
      addresses: ['52.0.0.1'],
    });
  });

  test('a group on no interface is unattached', () => {
    expect(exposureOf([4], attached([]))).toMatchObject({ level: 'unattached', addresses: [] });
  });

  test('an interface without a public address is attached, and the words say what is not evaluated', () => {
    const exposure = exposureOf([4], attached([face({ public: { 4: [], 6: [] } })]));
    expect(exposure).toEqual({
      level: 'attached',
      why: 'attached to 1 network interface; no public IPv4 address on any of them; load balancers and network ACLs are not evaluated',
      addresses: [],
    });
  });

  test.each<[string, Attachment, string]>([
    ['interfaces that could not be read', attached({ unread: 'denied' }), 'unknown'],
    ['a subnet that could not be read', attached([face()], { unread: 'denied' }), 'unknown'],
    ['a subnet that was not listed', { interfaces: [face()], subnets: new Map() }, 'unknown'],
    [
      'route tables that could not be read',
      attached([face()], network({ tables: { unread: 'denied' } })),
      'unknown',
    ],
    ['no route table of the subnet', attached([face()], network({ tables: [] })), 'unknown'],
    [
      'Block Public Access that could not be read',
      attached([face()], network({ blockPublicAccess: { unread: 'denied' } })),
      'unknown',
    ],
    [
      'Block Public Access that could not be read, without a route',
      attached(
        [face()],
        network({ tables: [{ ...open, internet: [] }], blockPublicAccess: { unread: 'denied' } }),
      ),
      'attached',
    ],
    [
      'Block Public Access that blocks',
      attached([face()], network({ blockPublicAccess: { ...off, mode: 'block-ingress' } })),
      'attached',
    ],
    [
      'Block Public Access that is being changed',
      attached([face()], network({ blockPublicAccess: { ...off, changing: true } })),
      'unknown',
    ],
    [
      'a narrow route that Block Public Access blocks',
      attached(
        [face()],
        network({
          tables: [
            { ...open, internet: [{ gateway: 'igw-1', destination: '198.51.100.0/24', active: true }] },
          ],
          blockPublicAccess: { ...off, mode: 'block-bidirectional' },
        }),
      ),
      'attached',
    ],
    [
      'no route to an internet gateway',
      attached([face()], network({ tables: [{ ...open, internet: [] }] })),
      'attached',
    ],
    ['a free interface', attached([face({ inUse: false })]), 'attached'],
    ['an interface that EC2 denies the internet', attached([face({ denied: true })]), 'attached'],
    ['a carrier address', attached([face({ public: { 4: [], 6: [] }, other: ['155.146.0.1'] })]), 'unknown'],
  ])('%s', (_, attachment, level) => {
    expect(exposureOf([4], attachment).level).toBe(level);
  });

  test('an IPv6 address is not reachable by a rule for IPv4, nor without an IPv6 route', () => {
    const attachment = attached([face({ public: ipv6 })]);
    expect(exposureOf([4], attachment).level).toBe('attached');
    expect(exposureOf([6], attachment).level).toBe('attached');
  });

  test('an IPv6 address with a route for ::/0 is reachable by a rule for IPv6', () => {
    const tables = [{ ...open, internet: [{ gateway: 'igw-1', destination: '::/0', active: true }] }];
    const exposure = exposureOf([6], attached([face({ public: ipv6 })], network({ tables })));
    expect(exposure).toMatchObject({ level: 'reachable', addresses: ['2600:1f18::5'] });
  });

  test('one reachable interface among others decides, and only its addresses are listed', () => {
    const others = [face({ id: 'eni-2', subnetId: 'subnet-2', public: { 4: ['52.0.0.2'], 6: [] } }), face()];
    const exposure = exposureOf([4], attached(others));
    expect(exposure).toMatchObject({ level: 'reachable', addresses: ['52.0.0.1'] });
  });

  test('one doubt among interfaces that are not reachable decides', () => {
    const others = [face({ inUse: false }), face({ id: 'eni-2', subnetId: 'subnet-2' })];
    expect(exposureOf([4], attached(others)).level).toBe('unknown');
  });

  test('a source without a public address does not make a group reachable', () => {
    expect(exposureOf([], attached([face()]))).toMatchObject({ level: 'attached', addresses: [] });
  });

  test('the words and addresses do not depend on the order of the interfaces', () => {
    const faces = [1, 2, 3].map((n) => face({ id: `eni-${n}`, public: { 4: [`52.0.0.${n}`], 6: [] } }));
    expect(exposureOf([4], attached(faces))).toEqual(exposureOf([4], attached([...faces].reverse())));
  });

  test('a finding lists twenty addresses at most', () => {
    const many = Array.from({ length: 300 }, (_, n) => `52.0.${n >> 8}.${n & 255}`);
    expect(exposureOf([4], attached([face({ public: { 4: many, 6: [] } })])).addresses).toHaveLength(20);
  });
});

describe('the address families of a source', () => {
  const lists = new Map<string, PrefixList>([
    ['pl-4', { kind: 'entries', cidrs: ['10.0.0.0/8', '52.0.0.0/8'] }],
    ['pl-private', { kind: 'entries', cidrs: ['10.0.0.0/8'] }],
    ['pl-broken', { kind: 'entries', cidrs: ['everything'] }],
    ['pl-aws', { kind: 'aws', name: 'cloudfront' }],
    ['pl-unread', { kind: 'unknown', reason: 'denied' }],
  ]);
  test.each([
    ['cidr', '0.0.0.0/0', [4]],
    ['cidr', '::/0', [6]],
    ['cidr', '10.0.0.0/8', []],
    ['cidr', 'fd00::/8', []],
    ['prefix-list', 'pl-4', [4]],
    ['prefix-list', 'pl-private', []],
    ['prefix-list', 'pl-broken', [4, 6]],
    ['prefix-list', 'pl-aws', [4, 6]],
    ['prefix-list', 'pl-unread', [4, 6]],
    ['prefix-list', 'pl-absent', [4, 6]],
    ['group', 'sg-1', []],
    ['unknown', '?', [4, 6]],
  ] as const)('%s %s: %s', (kind, text, families) => {
    expect(familiesOf({ kind, text }, lists)).toEqual(families);
  });
});
