import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { reportOf } from '../../../../../controlplane/cli/policy/evaluate.ts';
import { groupsIn } from '../../../../../controlplane/cli/policy/exports.ts';
import { parsePolicy } from '../../../../../lambda/policy/parse.ts';
import { createWorld, fixture, groupId, openRule } from '../../../../worlds/lambda.ts';
import { policyText, worldOn } from './cli.ts';

const place = { account: '300000000001', region: 'eu-west-1' };
const exception =
  'exceptions: [{ name: guest, owner: o, why: w, ticket: t, expires: 2026-03-02T09:15:10Z, where: { include: [{ regions: [eu-west-1] }] }, allow: { ports: { any: [22] }, sources: { cidrs: [0.0.0.0/1] } } }]';
const rules = fc.constantFrom(
  worldOn('22'),
  `mode: notify, ${worldOn('20-25')}`,
  `mode: observe, ${worldOn('3306')}`,
  worldOn('22, 443', 'ipv4WiderThan: 1, ipv6WiderThan: 1'),
  `narrowTo: [8.0.0.0/16, "2600::/32"], ${worldOn('22')}`,
  'match: { sources: { groupsOfOtherAccounts: true } }',
  'match: { protocols: [icmp], icmp: { types: [8] } }',
  `${worldOn('22')}, scope: { include: [{ groupNames: [web], groupTags: { team: [a] } }] }`,
  `${worldOn('22')}, scope: { include: [{ organizationalUnits: [Games] }] }`,
);
const source = fc.constantFrom<Partial<SecurityGroupRule>>(
  ...['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '8.0.0.0/9', '10.0.0.0/8'].map((CidrIpv4) => ({ CidrIpv4 })),
  { CidrIpv4: undefined, CidrIpv6: '::/0' },
  { CidrIpv4: undefined, PrefixListId: 'pl-01' },
  { CidrIpv4: undefined, PrefixListId: 'pl-02' },
  { CidrIpv4: undefined, ReferencedGroupInfo: { GroupId: 'sg-02', UserId: '300000000002' } },
  { CidrIpv4: undefined },
);
const traffic = fc.constantFrom<Partial<SecurityGroupRule>>(
  { FromPort: 22, ToPort: 22 },
  { FromPort: 0, ToPort: 65_535 },
  { IpProtocol: 'udp', FromPort: 3306, ToPort: 3306 },
  { IpProtocol: '-1', FromPort: -1, ToPort: -1 },
  { IpProtocol: 'icmp', FromPort: 8, ToPort: -1 },
  { IsEgress: true },
);
const group = fc.array(fc.tuple(traffic, source), { minLength: 1, maxLength: 8 });

/** What the Lambda did to a group of these rules, by the ids of the rules. */
async function done(text: string, given: SecurityGroupRule[]) {
  const world = createWorld({ policy: parsePolicy(text), accounts: {} });
  world.groups.set(groupId, given);
  world.tags = [{ Key: 'team', Value: 'a' }];
  world.prefixLists.set('pl-01', { cidrs: ['8.0.0.0/5', '0.0.0.0/5'] });
  await world.handler(fixture('authorize-nested'));
  const [result] = world.published;
  return {
    closed: given.flatMap(({ SecurityGroupRuleId: id }) => (world.ruleIds().includes(id) ? [] : [id])),
    narrowed: result?.findings.flatMap(({ ruleId, narrowed }) => (narrowed ? [[ruleId, narrowed.to]] : [])),
    found: result?.findings.map(({ ruleId, policyRule, why }) => [ruleId, policyRule, why]),
    excepted: result?.excepted.map(({ ruleId, exceptions }) => [ruleId, exceptions]),
    undecided: result?.undecided.map(({ ruleId }) => ruleId),
  };
}

/** What `policy test` says of the same group, as AWS exports it. */
function evaluatedBy(text: string, given: SecurityGroupRule[]) {
  const described = {
    GroupId: groupId,
    GroupName: 'web',
    VpcId: 'vpc-1',
    OwnerId: place.account,
    Tags: [{ Key: 'team', Value: 'a' }],
    IpPermissions: [],
  };
  const value = { SecurityGroups: [described], SecurityGroupRules: given };
  const [snapshot] = groupsIn([{ name: 'export', value: JSON.parse(JSON.stringify(value)) }], place);
  if (!snapshot) throw new Error('no group');
  const prefixLists = new Map([['pl-01', { kind: 'entries' as const, cidrs: ['8.0.0.0/5', '0.0.0.0/5'] }]]);
  const input = { now: new Date('2026-03-02T09:15:10Z'), accounts: {}, prefixLists };
  const evaluated = reportOf(parsePolicy(text), snapshot, input).rules;
  const of = (verdict: string) => evaluated.filter((each) => each.verdict === verdict);
  return {
    closed: evaluated
      .filter(({ act: task }) => task === 'revoke' || task === 'narrow')
      .map(({ ruleId }) => ruleId),
    narrowed: evaluated
      .filter(({ act: task }) => task === 'narrow')
      .map(({ ruleId, narrowTo }) => [ruleId, narrowTo]),
    found: of('violation').map(({ ruleId, policyRule, why }) => [ruleId, policyRule, why]),
    excepted: of('excepted').map(({ ruleId, exceptions }) => [ruleId, exceptions]),
    undecided: of('undecided').map(({ ruleId }) => ruleId),
  };
}

it('the Lambda does to a group what policy test says of its export', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(rules, { minLength: 1, maxLength: 5 }),
      fc.constantFrom('', exception, exception.replace('09:15:10', '09:16:00'), 'mode: notify'),
      group,
      async (texts, rest, shapes) => {
        const text = policyText(texts, rest);
        const given = shapes.map(([one, other], index) => openRule(index + 1, { ...one, ...other }));
        expect(evaluatedBy(text, given)).toEqual(await done(text, given));
      },
    ),
    { numRuns: 200 },
  );
});
