import { groupIds, listIds } from './ids.ts';

const huge = 'A'.repeat(3_000);

function deep(): unknown {
  let tree: unknown = groupIds[0];
  for (let level = 0; level < 200; level += 1) tree = { items: [tree] };
  return tree;
}

const plain: unknown[] = [
  ...[null, true, 0, -1, 22, 1e308, 2 ** 53, '', ' ', '\u0000', huge, '\ud800', '\u202e'],
  ...['sg-', 'sg-zzzz', 'sg-0a1b2c3d4e5f60001\u0000', ' sg-0a1b2c3d4e5f60001', 'SG-0A1B2C3D4E5F60001'],
  ...[...groupIds, ...listIds, '../x', 'web', 'default', 'sgr-1', '__proto__', 'constructor', '<!channel>'],
  ...['0.0.0.0/0', '::/0', '::ffff:0:0/96', '0/0', '255.255.255.255/0', '128.0.0.0/1', '10.0.0.0/8'],
];

/** What stands where something else should; made anew each time, as it may be changed further. */
export const hostile: (() => unknown)[] = [
  ...plain.map((value) => () => value),
  ...[() => [], () => [[]], () => [null], () => ({}), () => ({ items: null }), deep],
  ...[
    () => ({ items: { items: [] } }),
    () => ({ item: 'x' }),
    () => ({ length: 3 }),
    () => ({ toString: 1 }),
  ],
  () =>
    JSON.parse('{"__proto__":{"groupId":"sg-0a1b2c3d4e5f60002","groupName":"web"},"constructor":{"x":1}}'),
  () => ({
    items: Array.from({ length: 100 }, (_, nth) => ({
      groupId: groupIds[nth % 2],
      securityGroupRuleId: `sgr-${nth}`,
    })),
  }),
  () => ({ omitted: true, originalSize: 140_000, reason: 'requestParameters too large' }),
];

export const keys = ['groupId', 'GroupId', 'groupName', 'items', 'item', 'x', '__proto__', 'constructor'];

export const eventNames: unknown[] = [
  ...['AuthorizeSecurityGroupIngress', 'ModifySecurityGroupRules', 'ModifyManagedPrefixList'],
  ...[
    'CreateIpamPrefixListResolverTarget',
    'ModifyIpamPrefixListResolverTarget',
    'ModifyIpamPrefixListResolver',
  ],
  ...['RestoreManagedPrefixListVersion', 'CreateTags', 'DeleteTags', 'CreateSecurityGroup'],
  ...['RevokeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'DeleteSecurityGroup', 'RunInstances'],
  ...['', '__proto__', 'toString', 'authorizesecuritygroupingress', huge],
];

export const errorCodes: unknown[] = [
  ...['Client.InvalidPermission.Duplicate', 'Client.UnauthorizedOperation', 'Client.DryRunOperation'],
  ...['', null, 7],
];

const of = (key: string, ...values: unknown[]): [string, unknown][] => values.map((value) => [key, value]);

/** Other values of an envelope's keys, some of them good ones. */
export const envelopes: [string, unknown][] = [
  ...of('account', '300000000002', '012345678901', 300_000_000_002, 12_345_678_901, '12345678901'),
  ...of('account', '300000000003', 'x', -1, null, 3e11 + 0.5, '', '3000000000012'),
  ...of('region', 'us-east-1', 'eu-west-1.evil.example', '', null, 'us-gov-west-1', '../x'),
  ...of('id', '', null, huge, 'x/../y', '\u0000', 'again'),
  ...[...of('source', 'custom.ec2', 'aws.events'), ...of('detail-type', 'Scheduled Event')],
];
