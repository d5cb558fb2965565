import { describe, expect, test } from 'vitest';
import { controlsOf, controlTable, standards } from '../../../../../controlplane/store/findings/controls.ts';

const of = (
  protocol: string,
  ports: number | [number, number] | null,
  source = '0.0.0.0/0',
  groupName = 'web',
) => {
  const [fromPort, toPort] =
    ports === null ? [null, null] : typeof ports === 'number' ? [ports, ports] : ports;
  return controlsOf({ groupName, protocol, fromPort, toPort, source }).map(
    ({ standard, control }) => `${standard} ${control}`,
  );
};
const hub = (...ids: string[]) => ids.map((id) => `security-hub EC2.${id}`);
const ipv4 = ['cis-5.0 5.3', 'cis-6.0 6.3', 'cis-7.0 6.3', ...hub('53')];
const ipv6 = ['cis-5.0 5.4', 'cis-6.0 6.4', 'cis-7.0 6.4', ...hub('54')];
const defaultGroup = ['cis-5.0 5.5', 'cis-6.0 6.5', 'cis-7.0 6.5', ...hub('2')];

describe('the controls that a finding is evidence against', () => {
  test.each<[string, string[], string[]]>([
    ['SSH from IPv4', of('tcp', 22), [...ipv4, ...hub('13', '18', '19')]],
    ['SSH from IPv6', of('tcp', 22, '::/0'), [...ipv6, ...hub('13', '18', '19')]],
    ['RDP from IPv4', of('tcp', 3389), [...ipv4, ...hub('14', '18', '19')]],
    ['RDP from IPv6', of('tcp', 3389, '::/0'), [...ipv6, ...hub('14', '18', '19')]],
    ['everything', of('-1', null), [...ipv4, ...hub('13', '14', '18', '19')]],
    ['all TCP ports', of('tcp', [0, 65_535]), [...ipv4, ...hub('13', '14', '18', '19')]],
    ['a range that holds SSH', of('tcp', [20, 30]), [...ipv4, ...hub('13', '18', '19')]],
    ['a range between', of('tcp', [23, 3388]), hub('18', '19')],
    ['TCP by its number', of('6', 22), [...ipv4, ...hub('13', '18', '19')]],
    ['UDP 22', of('udp', 22), [...ipv4, ...hub('18')]],
    ['UDP 3389 from IPv6', of('udp', 3389, '::/0'), [...ipv6, ...hub('18')]],
    ['UDP 443', of('udp', 443), hub('18')],
    ['HTTP', of('tcp', 80), []],
    ['HTTPS from IPv6', of('tcp', 443, '::/0'), []],
    ['HTTP and its neighbour', of('tcp', [80, 81]), hub('18')],
    ['a range from HTTP to HTTPS', of('tcp', [80, 443]), hub('18', '19')],
    ['Postgres', of('tcp', 5432), hub('18', '19')],
    ['a high port', of('tcp', 50_000), hub('18')],
    ['ICMP', of('icmp', [-1, -1]), []],
    ['another protocol', of('50', null), []],
    ['SSH from a wide range that is not all', of('tcp', 22, '10.0.0.0/8'), []],
    ['SSH from half of all addresses', of('tcp', 22, '0.0.0.0/1'), []],
    ['SSH from a prefix list', of('tcp', 22, 'pl-1'), []],
    ['any rule of a default group', of('tcp', 8443, '198.51.100.0/24', 'default'), defaultGroup],
    [
      'SSH in a default group',
      of('tcp', 22, '0.0.0.0/0', 'default'),
      [...ipv4, ...defaultGroup, ...hub('13', '18', '19')],
    ],
    ['a group whose name only begins so', of('tcp', 8443, '198.51.100.0/24', 'default-2'), []],
  ])('%s', (_, actual, expected) => expect(actual).toEqual(expected));

  test('a group whose name is not known is not taken for the default group', () =>
    expect(
      controlsOf({ groupName: null, protocol: 'tcp', fromPort: 443, toPort: 443, source: '::/0' }),
    ).toEqual([]));

  test.each([20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432])(
    'TCP %i is a port with high risk',
    (port) => expect(of('tcp', port)).toContain('security-hub EC2.19'),
  );

  test.each([5500, 5601, 8080, 8088, 8888, 9200, 9300])('TCP %i is a port with high risk too', (port) =>
    expect(of('tcp', port)).toContain('security-hub EC2.19'),
  );

  test('each control is in the table once, and each standard is used', () => {
    const all = controlTable.flatMap(({ controls }) => controls);
    expect(new Set(all.map(({ standard, control }) => `${standard} ${control}`)).size).toBe(all.length);
    expect(new Set(all.map(({ standard }) => standard))).toEqual(new Set(Object.keys(standards)));
  });
});
