import type { NetworkInterface as ListedInterface } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { networkInterface } from '../../../../controlplane/sweep/interfaces.ts';

const publicOf = (listed: ListedInterface) => networkInterface(listed).public;

describe('the public addresses of a network interface', () => {
  test('an interface with private addresses only has none', () => {
    const listed = { PrivateIpAddress: '10.0.0.5', PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.5' }] };
    expect(publicOf(listed)).toEqual({ 4: [], 6: [] });
  });

  test('the association of the primary address is listed once', () => {
    const Association = { PublicIp: '52.0.0.1' };
    expect(publicOf({ Association, PrivateIpAddresses: [{ Association }] })[4]).toEqual(['52.0.0.1']);
  });

  test('associations of secondary addresses count', () => {
    const PrivateIpAddresses = [
      { Association: { PublicIp: '52.0.0.1' } },
      { Association: { PublicIp: '52.0.0.2' } },
    ];
    expect(publicOf({ PrivateIpAddresses })[4]).toEqual(['52.0.0.1', '52.0.0.2']);
  });

  test('a global IPv6 address is public, a unique local one is not', () => {
    const Ipv6Addresses = [{ Ipv6Address: '2600:1f18::5' }, { Ipv6Address: 'fd00::5' }];
    expect(publicOf({ Ipv6Addresses })[6]).toEqual(['2600:1f18::5']);
  });

  test('a delegated IPv6 prefix counts as an address', () => {
    expect(publicOf({ Ipv6Prefixes: [{ Ipv6Prefix: '2600:1f18::/80' }] })[6]).toEqual(['2600:1f18::/80']);
  });

  test('carrier and customer-owned addresses are kept apart', () => {
    const Association = { CarrierIp: '155.146.0.1', CustomerOwnedIp: '192.0.2.9' };
    expect(networkInterface({ Association })).toMatchObject({
      public: { 4: [] },
      other: ['155.146.0.1', '192.0.2.9'],
    });
  });

  test.each([
    ['available', false],
    ['in-use', true],
    ['attaching', true],
    [undefined, true],
  ] as const)('status %s: in use is %s', (Status, inUse) => {
    expect(networkInterface({ Status }).inUse).toBe(inUse);
  });
});
