import { describe, expect, it } from 'vitest';
import { policy, policyJson, policyText, samples, worldOn } from './cli.ts';
import { changes, groups, policies } from './diff-sample.ts';

describe('policy diff against security groups', () => {
  it('finds no difference between a policy and itself', async () => {
    const text = policyText([worldOn('22')]);
    const found = await policy(
      'diff',
      ...(await policies(text, `# the same\n${text}`)),
      '--against',
      await groups(),
    );
    expect(found).toMatchObject({ exit: 0, complaint: '' });
    expect(found.out).toContain('0 rules differ, 3 are the same (1 would revoke, 2 allowed)');
  });

  it.each<[string, string, string, string[]]>([
    [
      'mode',
      policyText([worldOn('22')]),
      policyText([`mode: notify, ${worldOn('22')}`]),
      ['tcp/22/0.0.0.0/0: violation rule-1 revoke -> violation rule-1 notify'],
    ],
    [
      'cap',
      policyText([worldOn('22')]),
      policyText([worldOn('22')], 'mode: observe'),
      ['tcp/22/0.0.0.0/0: violation rule-1 revoke -> violation rule-1 observe'],
    ],
    [
      'ports',
      policyText([worldOn('22')]),
      policyText([worldOn('23')]),
      [
        'tcp/22/0.0.0.0/0: violation rule-1 revoke -> allowed',
        'tcp/23/0.0.0.0/0: allowed -> violation rule-1 revoke',
      ],
    ],
    [
      'order',
      policyText([worldOn('22'), worldOn('22-23')]),
      policyText([worldOn('22-23'), worldOn('22')]),
      ['tcp/23/0.0.0.0/0: violation rule-2 revoke -> violation rule-1 revoke'],
    ],
    [
      'narrowing',
      policyText([worldOn('22')]),
      policyText([`narrowTo: [203.0.113.0/24], ${worldOn('22')}`]),
      ['tcp/22/0.0.0.0/0: violation rule-1 revoke -> violation rule-1 revoke'],
    ],
    [
      'scope that is in doubt',
      policyText([worldOn('22')]),
      policyText([`${worldOn('22')}, scope: { include: [{ organizationalUnits: [a] }] }`]),
      ['tcp/22/0.0.0.0/0: violation rule-1 revoke -> undecided'],
    ],
  ])('tells what a change of %s does', async (_, older, newer, expected) => {
    const { exit, answer } = await policyJson(
      'diff',
      ...(await policies(older, newer)),
      '--against',
      await groups(),
    );
    expect(exit).toBe(3);
    expect(changes(answer)).toEqual(expected);
    expect(answer.differing.length + answer.same.length).toBe(3);
  });

  it('prints old and new of each rule, and counts', async () => {
    const [older, newer] = await policies(
      policyText([worldOn('22')]),
      policyText([`mode: notify, ${worldOn('22')}`]),
    );
    const { out } = await policy('diff', older ?? '', newer ?? '', '--against', await groups(), '--all');
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

  it('tells of an exception that expires by --at, and of another expiry', async () => {
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

it.each<[string[], string]>([
  [[samples.policy], "missing required argument 'new'"],
  [[samples.policy, samples.policy], 'needs --against'],
  [
    [samples.policy, samples.policy, samples.policy, '--against', samples.groups],
    "too many arguments for 'diff'",
  ],
  [[samples.policy, samples.groups, '--against', samples.groups], 'unknown key'],
  [
    [samples.policy, samples.policy, '--policy', 'x', '--against', samples.groups],
    "unknown option '--policy'",
  ],
])('policy diff %j is wrong use', async (args, reason) => {
  expect(await policy('diff', ...args)).toMatchObject({
    exit: 2,
    complaint: expect.stringContaining(reason),
  });
});
