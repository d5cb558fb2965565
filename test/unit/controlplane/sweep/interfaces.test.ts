import type { NetworkInterface as ListedInterface } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { networkInterface } from '../../../../controlplane/sweep/interfaces.ts';

const first = { PublicIp: '52.0.0.1' };
const second = { PublicIp: '52.0.0.2' };

describe('the public addresses of a network interface', () => {
  test.each<[string, ListedInterface, string[], string[]]>([
    ['a private address', { PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.5' }] }, [], []],
    [
      'the association of the primary address, listed twice',
      { Association: first, PrivateIpAddresses: [{ Association: first }] },
      ['52.0.0.1'],
      [],
    ],
    [
      'associations of secondary addresses',
      { PrivateIpAddresses: [{ Association: first }, { Association: second }] },
      ['52.0.0.1', '52.0.0.2'],
      [],
    ],
    [
      'a global and a unique local IPv6 address',
      { Ipv6Addresses: [{ Ipv6Address: '2600:1f18::5' }, { Ipv6Address: 'fd00::5' }] },
      [],
      ['2600:1f18::5'],
    ],
    ['a delegated IPv6 prefix', { Ipv6Prefixes: [{ Ipv6Prefix: '2600:1f18::/80' }] }, [], ['2600:1f18::/80']],
  ])('%s', (_, listed, ipv4, ipv6) => {
    expect(networkInterface(listed).public).toEqual({ 4: ipv4, 6: ipv6 });
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
