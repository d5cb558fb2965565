import type { RouteTable as ListedTable, Route } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { routeTable, tableOf, wayToInternet } from '../../../../controlplane/sweep/routes.ts';

const table = (Routes: Route[], more: ListedTable = {}) =>
  routeTable({ RouteTableId: 'rtb-1', VpcId: 'vpc-1', Routes, ...more });
const igw = 'igw-1';

describe('the way to the internet', () => {
  test.each<[string, Route[], 4 | 6, string]>([
    ['0.0.0.0/0 to an internet gateway', [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: igw }], 4, 'yes'],
    [
      'half of IPv4 to an internet gateway',
      [{ DestinationCidrBlock: '128.0.0.0/1', GatewayId: igw }],
      4,
      'yes',
    ],
    ['::/0 to an internet gateway', [{ DestinationIpv6CidrBlock: '::/0', GatewayId: igw }], 6, 'yes'],
    ['2000::/3 to an internet gateway', [{ DestinationIpv6CidrBlock: '2000::/3', GatewayId: igw }], 6, 'yes'],
    ['IPv4 is no way for IPv6', [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: igw }], 6, 'no'],
    ['IPv6 is no way for IPv4', [{ DestinationIpv6CidrBlock: '::/0', GatewayId: igw }], 4, 'no'],
    ['a NAT gateway', [{ DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat-1' }], 4, 'no'],
    [
      'an egress-only gateway',
      [{ DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId: 'eigw-1' }],
      6,
      'no',
    ],
    ['a transit gateway', [{ DestinationCidrBlock: '0.0.0.0/0', TransitGatewayId: 'tgw-1' }], 4, 'no'],
    ['a virtual private gateway', [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'vgw-1' }], 4, 'no'],
    ['the local route', [{ DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local' }], 4, 'no'],
    ['no route', [], 4, 'no'],
    [
      'a detached gateway',
      [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: igw, State: 'blackhole' }],
      4,
      'no',
    ],
    ['one network only', [{ DestinationCidrBlock: '198.51.100.0/24', GatewayId: igw }], 4, 'unknown'],
    ['a private range', [{ DestinationCidrBlock: '10.0.0.0/8', GatewayId: igw }], 4, 'unknown'],
    ['a prefix list', [{ DestinationPrefixListId: 'pl-1', GatewayId: igw }], 4, 'unknown'],
  ])('%s', (_, routes, family, answer) => {
    expect(wayToInternet(table(routes), family)).toMatchObject({ answer });
  });

  test('names the table, the destination and the gateway', () => {
    const way = wayToInternet(table([{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: igw }]), 4);
    expect(way.why).toBe('rtb-1 routes 0.0.0.0/0 to igw-1');
  });

  test('a table that was not listed is in doubt', () => {
    expect(wayToInternet(undefined, 4).answer).toBe('unknown');
  });
});

describe('the route table of a subnet', () => {
  const main = table([], { RouteTableId: 'rtb-main', Associations: [{ Main: true }] });
  const own = table([], { RouteTableId: 'rtb-own', Associations: [{ SubnetId: 'subnet-1' }] });
  const elsewhere = table([], { RouteTableId: 'rtb-2', VpcId: 'vpc-2', Associations: [{ Main: true }] });

  test('is the associated one', () => {
    expect(tableOf({ subnetId: 'subnet-1', vpcId: 'vpc-1' }, [main, own])?.id).toBe('rtb-own');
  });

  test('is the main one of its VPC without an association', () => {
    expect(tableOf({ subnetId: 'subnet-2', vpcId: 'vpc-1' }, [elsewhere, own, main])?.id).toBe('rtb-main');
  });

  test('is not the main one of another VPC', () => {
    expect(tableOf({ subnetId: 'subnet-2', vpcId: 'vpc-1' }, [elsewhere, own])).toBeUndefined();
  });

  test('an association that ended does not count', () => {
    const ended = table([], {
      RouteTableId: 'rtb-old',
      Associations: [{ SubnetId: 'subnet-1', AssociationState: { State: 'disassociated' } }],
    });
    expect(tableOf({ subnetId: 'subnet-1', vpcId: 'vpc-1' }, [ended, main])?.id).toBe('rtb-main');
  });
});

test('names a few of many narrow routes', () => {
  const routes = Array.from({ length: 1_000 }, (_, index) => ({
    ...{ DestinationCidrBlock: `198.51.${index % 256}.0/24`, GatewayId: igw },
  }));
  const { answer, why } = wayToInternet(table(routes), 4);
  expect(answer).toBe('unknown');
  expect(why).toBe(
    'rtb-1 routes only 198.51.0.0/24, 198.51.1.0/24, 198.51.2.0/24, 198.51.3.0/24, 198.51.4.0/24 and 995 more to igw-1',
  );
});
