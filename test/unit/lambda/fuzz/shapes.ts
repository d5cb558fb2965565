import { readdirSync, readFileSync } from 'node:fs';

/** Any JSON object; keys of every name. */
export type Json = Record<string, unknown>;

const events = new URL('../../../fixtures/events/', import.meta.url);
export const fixtureNames = readdirSync(events).map((file) => file.replace('.json', ''));
const fixtures = fixtureNames.map((name) => readFileSync(new URL(`${name}.json`, events), 'utf8'));

const groupId = 'sg-0a1b2c3d4e5f60001';
const created = (...rules: Json[]) => ({
  requestId: 'r',
  _return: true,
  securityGroupRuleSet: {
    items: rules.map((rule, index) => ({
      groupOwnerId: '300000000001',
      groupId,
      securityGroupRuleId: `sgr-0000000000000000${index + 1}`,
      isEgress: false,
      ...rule,
    })),
  },
});
const world = { ipProtocol: 'tcp', fromPort: 22, toPort: 22, cidrIp: '0.0.0.0/0' };
const ranges = (...cidrs: string[]) => ({ items: cidrs.map((cidrIp) => ({ cidrIp, description: 'x' })) });

/** Shapes of other years, tools and calls, as detail on top of a fixture's. */
const shapes: Json[] = [
  // The console of 2017: no ports where every protocol is open, and no rule set in the answer.
  {
    requestParameters: {
      groupId,
      ipPermissions: {
        items: [
          {
            ...{ groups: {}, ipProtocol: '-1', ipRanges: ranges('0.0.0.0/0'), prefixListIds: {} },
            ipv6Ranges: { items: [{ cidrIpv6: '::/0', description: 'x' }] },
          },
        ],
      },
    },
    responseElements: { _return: true },
    userIdentity: { type: 'IAMUser', principalId: 'x', arn: '...', accountId: '12345', userName: 'x' },
  },
  // The same without the key for IPv6.
  {
    requestParameters: {
      groupId,
      ipPermissions: { items: [{ groups: {}, ipProtocol: '-1', ipRanges: ranges('10.0.0.0/8') }] },
    },
    responseElements: { _return: true },
  },
  // An SDK's flat parameters, with an empty list beside them, and the console's session.
  {
    requestParameters: { groupId, ipPermissions: {}, ...world },
    responseElements: created({ ...world, cidrIpv4: '0.0.0.0/0' }),
    sessionCredentialFromConsole: 'true',
  },
  // An approved agent's edit: wrapped, one bare object with a position, beside it no id of the group.
  {
    eventName: 'ModifySecurityGroupRules',
    requestParameters: {
      ModifySecurityGroupRulesRequest: {
        SecurityGroupRule: {
          ...{ SecurityGroupRuleId: 'sgr-00000000000000001', tag: 1 },
          SecurityGroupRule: { CidrIpv4: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' },
        },
        GroupId: groupId,
      },
    },
    responseElements: null,
    userIdentity: {
      arn: 'arn:aws:sts::300000000001:assumed-role/Agent/op',
      invokedBy: 'aidevops.amazonaws.com',
    },
  },
  // One good and two bad ones in one call, with tags for the rules.
  {
    requestParameters: {
      groupId,
      tagSpecificationSet: {
        items: [{ resourceType: 'security-group-rule', tags: [{ key: 'k', value: 'v' }] }],
      },
      ipPermissions: { items: [{ ...world, ipRanges: ranges('0.0.0.0/0', '10.0.0.0/8') }] },
    },
    responseElements: created(world, world, world),
  },
  // Older than rule ids, by a user with no session.
  {
    requestParameters: { groupId, ipPermissions: { items: [{ ...world, groups: {}, prefixListIds: {} }] } },
    responseElements: { requestId: 'r', _return: true },
    userIdentity: { type: 'IAMUser', userName: 'user', principalId: 'AIDAEXAMPLE' },
  },
  {
    eventName: 'RunInstances',
    requestParameters: { groupSet: { items: [{ groupId }] } },
    responseElements: null,
  },
  { eventName: 'DeleteSecurityGroup', requestParameters: { groupId }, responseElements: { _return: true } },
];

const nested = JSON.parse(readFileSync(new URL('authorize-nested.json', events), 'utf8'));
const hour = {
  ...{ version: '0', id: 'hour-1', 'detail-type': 'Scheduled Event', source: 'aws.events' },
  ...{
    account: '222222222222',
    time: '2026-03-02T10:00:00Z',
    region: 'eu-west-1',
    resources: [],
    detail: {},
  },
};

/** Every event that mutations begin with, as JSON text. */
export const bases: string[] = [
  ...fixtures,
  ...shapes.map((shape) => JSON.stringify({ ...nested, detail: { ...nested.detail, ...shape } })),
  JSON.stringify(hour),
];
