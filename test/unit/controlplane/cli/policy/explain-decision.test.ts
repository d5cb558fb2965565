import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explainDecision } from '../../../../../controlplane/cli/policy/explain.ts';
import { evaluate } from '../../../../../lambda/policy/evaluate.ts';
import { parsePolicy } from '../../../../../lambda/policy/parse.ts';
import { group, open, rule } from '../../../../worlds/policy-sample.ts';
import { exported, file, permission, policy, policyJson, policyText, words, worldOn } from './cli.ts';

const now = new Date('2027-01-01T00:00:00Z');
const input = { now, prefixLists: new Map() };
const place = { account: '300000000001', region: 'eu-west-1' };

describe('policy explain of a security group rule', () => {
  it.each([
    ['-1/0.0.0.0/0', 'violation', 'everything-open'],
    ['all/::/0', 'violation', 'everything-open'],
    ['tcp/22/0.0.0.0/0', 'violation', 'admin-ports'],
    ['udp/1000-2000/2001:db8::/32', 'allowed', null],
    ['icmp/8/0.0.0.0/0', 'allowed', null],
    ['tcp/443/pl-0123', 'allowed', null],
    ['tcp/22/pl-0123', 'undecided', null],
    ['tcp/22/sg-0123', 'allowed', null],
  ])('%s is %s', async (words, verdict, policyRule) => {
    const { answer } = await policyJson('explain', words);
    expect(answer.evaluated).toMatchObject({ verdict, policyRule });
  });

  it('in a group counts with the other rules of it', async () => {
    const wide = await file('wide.yaml', policyText([worldOn('22', 'ipv4WiderThan: 1, ipv6WiderThan: 1')]));
    const groups = await file('groups.json', exported([permission('tcp', [22, 22], '128.0.0.0/1')]));
    const args = ['explain', 'tcp/22/0.0.0.0/1', '--policy', wide];
    const alone = await policyJson(...args);
    expect(alone.answer).toMatchObject({ alone: true, evaluated: { verdict: 'allowed' } });
    const together = await policyJson(...args, '--groups', groups, '--group', 'web');
    expect(together.answer).toMatchObject({
      alone: false,
      evaluated: { verdict: 'violation' },
      notKnown: [],
    });
    const same = ['explain', 'tcp/22/128.0.0.0/1', '--policy', wide, '--groups', groups, '--group', 'sg-01'];
    const there = await policyJson(...same);
    expect(there.answer).toMatchObject({ alone: true, evaluated: { verdict: 'allowed' } });
  });

  it.each([
    'groupNames: [web]',
    'vpcs: [vpc-1]',
    'accounts: ["300000000001"]',
    'regions: [eu-west-1]',
    'groupIds: [sg-01]',
  ])('is undecided if it depends on a group that was not named: %s', async (selector) => {
    const scope = `{ include: [{ ${selector} }] }`;
    const exception = `exceptions: [{ name: one, owner: o, why: w, ticket: t, permanent: true, where: ${scope}, allow: { ports: { any: [22] }, sources: { cidrs: [0.0.0.0/0] } } }]`;
    const texts = [policyText([worldOn('22')], exception)];
    if (!selector.startsWith('groupIds')) texts.push(policyText([`${worldOn('22')}, scope: ${scope}`]));
    for (const text of texts) {
      const { answer } = await policyJson(
        'explain',
        'tcp/22/0.0.0.0/0',
        '--policy',
        await file('scoped.yaml', text),
      );
      expect(answer.evaluated.verdict).toBe('undecided');
    }
  });

  it.each([
    ['tcp/22', 'nothing is no source; write it as tcp/22/0.0.0.0/0, udp/1000-2000'],
    ['tcp/22/0.0.0.0/0 x', "too many arguments for 'explain'"],
    ['', "missing required argument 'rule'"],
    ['tcp/22/0.0.0.0/0 --groups GROUPS', '--groups needs --group'],
    ['tcp/22/0.0.0.0/0 --group web', 'no group in --groups has this id or name'],
    [
      'tcp/22/0.0.0.0/0 --groups GROUPS --group gone',
      '--group gone: no group in --groups has this id or name',
    ],
    ['-x/0.0.0.0/0', 'unknown option'],
  ])('%j is wrong use', async (line, reason) => {
    const complaint = expect.stringContaining(reason);
    expect(await policy('explain', ...words(line))).toMatchObject({ exit: 2, complaint });
  });

  it('decides as the evaluator does with the whole policy', () => {
    const match = fc.constantFrom(
      worldOn('22'),
      worldOn('20-25', 'ipv4WiderThan: 1, ipv6WiderThan: 1'),
      worldOn('443, 22', 'ipv4WiderThan: 24, ipv6WiderThan: 48'),
      'match: { protocols: [all] }',
      'match: { ports: { except: [80] }, sources: { cidrs: [10.0.0.0/8] } }',
      'match: { sources: { groupsOfOtherAccounts: true } }',
      `${worldOn('22')}, scope: { include: [{ groupTags: { a: [b] } }] }`,
      `${worldOn('22')}, scope: { exclude: [{ groupNames: [web] }] }`,
    );
    const source = fc.constantFrom(
      '0.0.0.0/0',
      '0.0.0.0/1',
      '128.0.0.0/1',
      '10.0.0.0/8',
      '8.0.0.0/9',
      '::/0',
    );
    const shape = fc.tuple(fc.constantFrom('tcp', 'udp', '-1'), fc.constantFrom(22, 80, 443), source);
    fc.assert(
      fc.property(
        fc.array(match, { minLength: 1, maxLength: 6 }),
        fc.array(shape, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (matches, given, tagged) => {
          const tested = parsePolicy(policyText(matches));
          const rules = given.map(([protocol, port, cidr], index) =>
            rule({ id: `sgr-${index}`, protocol, ...open(cidr, port) }),
          );
          const tags = tagged ? { tags: {} } : {};
          const snapshot = { group: { ...group, ...tags }, ...place, rules, egress: 0, notes: [] };
          const verdicts = evaluate(tested, snapshot.group, rules, { ...place, now });
          for (const verdict of verdicts) {
            const { steps, evaluated } = explainDecision(tested, snapshot, verdict.rule.id, input);
            const [decided] = steps.filter(({ says }) => says === 'decides');
            expect(evaluated.verdict).toBe(verdict.verdict);
            expect(decided === undefined).toBe(verdict.verdict === 'allowed');
            if (verdict.verdict === 'violation') expect(decided?.policyRule).toBe(verdict.policyRule.name);
            if (verdict.verdict === 'undecided') expect(decided?.why).toBe(verdict.reason);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
