import { describe, expect, it } from 'vitest';
import { fits } from '../../../../lambda/policy/scope.ts';
import type { SecurityGroup, Situation } from '../../../../lambda/policy/security-group.ts';
import { evaluateAll, evaluateOne, policyOf } from '../../../worlds/policy-sample.ts';

const tags = { team: 'pay', toString: 'x' };
const group: SecurityGroup = { id: 'sg-1', name: 'web-1', vpcId: 'vpc-1', tags };
const situation: Situation = {
  account: '300000000001',
  region: 'eu-west-1',
  accounts: {
    '300000000001': { organizationalUnits: ['ou-ab12-00000001', 'Production'], tags: { stage: 'prod' } },
  },
};

const judge = (scope: string, place = situation, of = group) =>
  evaluateOne(policyOf([`match: {}, scope: { ${scope} }`]), {}, place, of);

describe('a scope', () => {
  it.each([
    ['include: [{ organizationalUnits: [Production] }]', 'violation'],
    ['include: [{ organizationalUnits: [ou-ab12-00000001, Other] }]', 'violation'],
    ['include: [{ organizationalUnits: [Development] }]', 'allowed'],
    ['include: [{ accounts: ["300000000001"] }]', 'violation'],
    ['include: [{ accounts: ["300000000002"] }]', 'allowed'],
    ['include: [{ regions: [eu-west-1] }]', 'violation'],
    ['include: [{ regions: [us-east-1] }]', 'allowed'],
    ['include: [{ accountTags: { stage: [prod*] } }]', 'violation'],
    ['include: [{ accountTags: { stage: [dev] } }]', 'allowed'],
    ['include: [{ vpcs: [vpc-1] }]', 'violation'],
    ['include: [{ vpcs: [vpc-2] }]', 'allowed'],
    ['include: [{ groupNames: ["web-*"] }]', 'violation'],
    ['include: [{ groupNames: ["web"] }]', 'allowed'],
    ['include: [{ groupTags: { team: [pay, web] } }]', 'violation'],
    ['include: [{ groupTags: { constructor: ["*"] } }]', 'allowed'],
    ['include: [{ groupTags: { team: ["*"], stage: ["*"] } }]', 'allowed'],
    ['include: [{ regions: [eu-west-1], groupNames: [db] }]', 'allowed'],
    ['include: [{ regions: [us-east-1] }, { groupNames: [web-1] }]', 'violation'],
    ['exclude: [{ groupNames: ["web-*"] }]', 'allowed'],
    ['exclude: [{ groupNames: ["web-*"], regions: [us-east-1] }]', 'violation'],
    ['exclude: [{ groupNames: [db] }, { accounts: ["300000000001"] }]', 'allowed'],
    ['include: [{ regions: [eu-west-1] }], exclude: [{ vpcs: [vpc-1] }]', 'allowed'],
  ])('{ %s } is %s', (scope, verdict) => expect(judge(scope).verdict).toBe(verdict));

  it.each<[string, Situation, SecurityGroup]>([
    ['include: [{ organizationalUnits: [Production] }]', { account: '300000000001' }, group],
    ['include: [{ organizationalUnits: [Production] }]', { ...situation, account: '300000000002' }, group],
    ['exclude: [{ organizationalUnits: [Production] }]', { ...situation, account: '300000000002' }, group],
    ['include: [{ accountTags: { stage: [prod] } }]', {}, group],
    ['include: [{ accounts: ["300000000001"] }]', {}, group],
    ['include: [{ regions: [eu-west-1] }]', {}, group],
    ['include: [{ groupTags: { team: [pay] } }]', situation, { id: 'sg-1', name: 'web-1', vpcId: null }],
  ])('{ %s } of what is not known is undecided: %j', (scope, place, of) => {
    expect(judge(scope, place, of)).toMatchObject({
      verdict: 'undecided',
      reason: expect.stringMatching(/is not known: the policy has no /),
    });
  });

  it('that cannot match is allowed, although other facts are unknown', () => {
    const scope = 'include: [{ organizationalUnits: [Production], regions: [us-east-1] }]';
    expect(judge(scope, { region: 'eu-west-1' }).verdict).toBe('allowed');
  });

  it('that does not match leaves the decision to the next rule', () => {
    const policy = policyOf(['match: {}, scope: { include: [{ regions: [us-east-1] }] }', 'match: {}']);
    expect(evaluateAll(policy, [{}], situation, group)).toMatchObject([{ policyRule: { name: 'rule-2' } }]);
  });
});

describe('a pattern', () => {
  it.each([
    ['*', '', true],
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*b*c', 'axxbyyc', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*ab', 'aab', true],
    ['a*b', 'abx', false],
    ['.*', 'x', false],
    ['', 'x', false],
    [`${'*a'.repeat(20)}*b`, 'a'.repeat(250), false],
  ])('%j fits %j: %s', (glob, text, expected) => expect(fits(glob, text)).toBe(expected));
});
