import { describe, expect, it } from 'vitest';
import { policy, policyJson, policyText, words, worldOn } from './cli.ts';
import { changes, groups, policies } from './diff-sample.ts';

describe('policy diff against security groups', () => {
  const ssh = policyText([worldOn('22')]);
  const doubtful = `${worldOn('22')}, scope: { include: [{ organizationalUnits: [a] }] }`;
  const both = [worldOn('22'), worldOn('22-23')];
  const forbidden = 'violation rule-1 revoke';

  it('finds no difference between a policy and itself', async () => {
    const files = await policies(ssh, `# the same\n${ssh}`);
    const found = await policy('diff', ...files, '--against', await groups());
    expect(found).toMatchObject({ exit: 0, complaint: '' });
    expect(found.out).toContain('0 rules differ, 3 are the same (1 would revoke, 2 allowed)');
  });

  it.each<[string, string, string, string[]]>([
    [
      'mode',
      ssh,
      policyText([`mode: notify, ${worldOn('22')}`]),
      [`22: ${forbidden} -> violation rule-1 notify`],
    ],
    [
      'cap',
      ssh,
      policyText([worldOn('22')], 'mode: observe'),
      [`22: ${forbidden} -> violation rule-1 observe`],
    ],
    [
      'ports',
      ssh,
      policyText([worldOn('23')]),
      [`22: ${forbidden} -> allowed`, `23: allowed -> ${forbidden}`],
    ],
    [
      'order',
      policyText(both),
      policyText(both.toReversed()),
      [`23: violation rule-2 revoke -> ${forbidden}`],
    ],
    [
      'narrowing',
      ssh,
      policyText([`narrowTo: [203.0.113.0/24], ${worldOn('22')}`]),
      [`22: ${forbidden} -> ${forbidden}`],
    ],
    ['scope that is in doubt', ssh, policyText([doubtful]), [`22: ${forbidden} -> undecided`]],
  ])('shows the effect of a change of %s', async (_, older, newer, expected) => {
    const args = ['diff', ...(await policies(older, newer)), '--against', await groups()];
    const { exit, answer } = await policyJson(...args);
    expect(exit).toBe(3);
    expect(changes(answer)).toEqual(expected.map((each) => `tcp/${each.replace(':', '/0.0.0.0/0:')}`));
    expect(answer.differing.length + answer.same.length).toBe(3);
  });

  it('prints old and new of each rule, and counts', async () => {
    const files = await policies(ssh, policyText([`mode: notify, ${worldOn('22')}`]));
    const { out } = await policy('diff', ...files, '--against', await groups(), '--all');
    const why = 'rule-1: 0.0.0.0/0 is public and wider than /8, and TCP port 22 is open';
    expect(out.split('\n').slice(1)).toEqual([
      '',
      'sg-01 web (300000000001, eu-west-1, vpc-01)',
      '  tcp/22/0.0.0.0/0',
      `    old  would revoke  ${why}`,
      `    new  would notify  ${why}`,
      '',
      'same  sg-01  tcp/23/0.0.0.0/0  allowed',
      'same  sg-01  tcp/443/0.0.0.0/0  allowed',
      '1 rules differ, 2 are the same (2 allowed)',
      '  1  would revoke by rule-1 -> would notify by rule-1',
      '',
    ]);
  });

  it('shows an exception that has expired at --at, and another expiry', async () => {
    const guest = (expires: string) =>
      policyText(
        [worldOn('22')],
        `exceptions: [{ name: guest, owner: o, why: w, ticket: t, expires: ${expires}, where: { include: [{ regions: [eu-west-1] }] }, allow: { ports: { any: [22] }, sources: { cidrs: [0.0.0.0/0] } } }]`,
      );
    const args = ['diff', ...(await policies(guest('2027-01-01T00:00:00Z'), guest('2028-01-01T00:00:00Z')))];
    const at = async (time: string) => policyJson(...args, '--against', await groups(), '--at', time);
    expect(changes((await at('2027-06-01')).answer)).toEqual([
      'tcp/22/0.0.0.0/0: violation rule-1 revoke -> excepted rule-1',
    ]);
    expect((await at('2026-06-01')).exit).toBe(3);
    expect((await at('2028-06-01')).exit).toBe(0);
  });
});

it.each([
  ['POLICY', "missing required argument 'new'"],
  ['POLICY POLICY', 'needs --against'],
  ['POLICY POLICY POLICY --against GROUPS', "too many arguments for 'diff'"],
  ['POLICY GROUPS --against GROUPS', 'unknown key'],
  ['POLICY POLICY --policy x --against GROUPS', "unknown option '--policy'"],
])('policy diff %s is wrong use', async (line, reason) => {
  expect(await policy('diff', ...words(line))).toMatchObject({
    exit: 2,
    complaint: expect.stringContaining(reason),
  });
});
