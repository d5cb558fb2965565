import { describe, expect, it } from 'vitest';
import { exported, file, permission, policy, policyJson, policyText, samples, worldOn } from './cli.ts';

const meeting = async (expectations: unknown, ...more: string[]) => {
  const path = await file('expect.yaml', expectations);
  const groups = ['--groups', samples.groups, '--policy', samples.policy, '--accounts', samples.accounts];
  return policyJson('test', ...groups, '--at', '2027-01-01', '--expect', path, ...more);
};
const mismatches = async (...expectations: object[]): Promise<string[]> =>
  (await meeting(expectations)).answer.expected.mismatches;
const world = 'tcp/22/0.0.0.0/0';

describe('expectations', () => {
  it('that are met end with 0, though the policy forbids some', async () => {
    const args = ['--groups', samples.groups, '--policy', samples.policy, '--accounts', samples.accounts];
    const met = await policy('test', ...args, '--at', '2027-01-01', '--expect', samples.expectations);
    expect(met).toMatchObject({ exit: 0, out: expect.stringContaining('5 expectations met, 0 not') });
    const late = await policy('test', ...args, '--at', '2027-04-01', '--expect', samples.expectations);
    expect(late).toMatchObject({ exit: 1, out: expect.stringContaining('4 expectations met, 1 not') });
    expect(late.out).toMatch(
      /expectation 5, sg-0a1b2c3d4e5f60004 udp.*: expected excepted, is violation by world-open/,
    );
  });

  it.each<[string, object, RegExp | undefined]>([
    ['by id', { group: 'sg-0a1b2c3d4e5f60001', rule: world, verdict: 'violation' }, undefined],
    [
      'by name',
      { group: 'web', rule: world, verdict: 'violation', policyRule: 'ssh', mode: 'revoke' },
      undefined,
    ],
    ['by port', { group: 'web', port: 22, verdict: 'violation' }, undefined],
    ['by port and protocol', { group: 'game-servers', port: 'udp/27020', verdict: 'excepted' }, undefined],
    [
      'by port in a range',
      { group: 'game-servers', port: 'udp/27000-27020', verdict: 'excepted' },
      undefined,
    ],
    ['by a port that every protocol opens', { group: 'internal', port: 3306, verdict: 'allowed' }, undefined],
    [
      'by a group as source',
      { group: 'internal', rule: '-1/sg-0ffffffffffffffff', verdict: 'allowed' },
      undefined,
    ],
    ['alone', { rule: world, verdict: 'violation' }, undefined],
    ['in doubt', { group: 'internal', port: 8443, verdict: 'undecided' }, undefined],
    [
      'of another verdict',
      { group: 'web', rule: world, verdict: 'allowed' },
      /expected allowed, is violation by ssh in mode revoke \(tcp/,
    ],
    [
      'of another rule',
      { group: 'web', port: 22, verdict: 'violation', policyRule: 'databases' },
      /expected violation by databases, is/,
    ],
    [
      'of another mode',
      { group: 'web', port: 22, verdict: 'violation', mode: 'notify' },
      /in mode notify, is/,
    ],
    [
      'of no group',
      { group: 'gone', port: 22, verdict: 'allowed' },
      /no group of the exports has this id or name/,
    ],
    [
      'of no rule',
      { group: 'web', rule: 'tcp/23/0.0.0.0/0', verdict: 'allowed' },
      /the group has no such rule/,
    ],
    ['of no open port', { group: 'web', port: 23, verdict: 'allowed' }, /no rule of the group opens it/],
    [
      'of a port of another protocol',
      { group: 'web', port: 'udp/22', verdict: 'violation' },
      /no rule of the group opens it/,
    ],
  ])('%s', async (_, expectation, mismatch) => {
    const found = await mismatches(expectation);
    expect(found).toEqual(mismatch ? [expect.stringMatching(mismatch)] : []);
  });

  it('of a port are about the worst of the rules that open it', async () => {
    const open = [
      permission('tcp', [20, 30], '10.0.0.0/8', '0.0.0.0/0'),
      permission('tcp', [22, 22], 'pl-01'),
    ];
    const evaluated = async (verdict: string) => {
      const args = ['--policy', await file('worst.yaml', policyText([worldOn('22')]))];
      args.push('--groups', await file('worst.json', exported(open)));
      args.push('--expect', await file('expect.yaml', [{ group: 'web', port: 22, verdict }]));
      return (await policy('test', ...args)).exit;
    };
    expect([await evaluated('violation'), await evaluated('allowed'), await evaluated('undecided')]).toEqual([
      0, 1, 1,
    ]);
  });

  it('of a name that several groups have want an id', async () => {
    const twins = ['sg-01', 'sg-02'].flatMap((GroupId) => exported([], { GroupId }).SecurityGroups);
    const { answer } = await meeting(
      [{ group: 'web', port: 22, verdict: 'allowed' }],
      '--groups',
      await file('twins.json', twins),
    );
    expect(answer.expected.mismatches).toEqual([
      expect.stringContaining('3 groups have this name; write the id of one'),
    ]);
  });

  it('that a policy without them would not meet are reported all at once', async () => {
    const wrong = { rule: world, verdict: 'allowed' };
    expect(await mismatches(wrong, { rule: world, verdict: 'violation' }, wrong)).toEqual([
      expect.stringMatching(/^expectation 1, tcp/),
      expect.stringMatching(/^expectation 3, tcp/),
    ]);
  });

  it.each<[string, unknown, string]>([
    ['no list', { rule: world }, 'the whole: write a list of expectations'],
    ['an empty list', [], 'write at least one expectation'],
    ['an unknown key', [{ rule: world, verdict: 'allowed', policyrule: 'x' }], 'did you mean policyRule'],
    [
      'an unknown verdict',
      [{ rule: world, verdict: 'denied' }],
      '[0].verdict: write violation, undecided, excepted, allowed',
    ],
    ['neither rule nor port', [{ group: 'web', verdict: 'allowed' }], 'write either rule or port'],
    [
      'both rule and port',
      [{ group: 'web', rule: world, port: 22, verdict: 'allowed' }],
      'write either rule or port',
    ],
    ['a port without group', [{ port: 22, verdict: 'allowed' }], '[0].group: write the group'],
    ['an id without group', [{ rule: 'sgr-01', verdict: 'allowed' }], '[0].group: write the group'],
    [
      'a rule that is none',
      [{ rule: 'tcp/x/0.0.0.0/0', verdict: 'allowed' }],
      'tcp/x/0.0.0.0/0: x is no port',
    ],
    ['a port that is none', [{ group: 'web', port: 70_000, verdict: 'allowed' }], 'is no range of ports'],
    [
      'a port of ICMP without type',
      [{ group: 'web', port: 'sctp/1', verdict: 'allowed' }],
      'sctp is no protocol',
    ],
    ['broken YAML', '- { rule: tcp/22/0.0.0.0/0', 'line 1: '],
    ['a duplicate key', '- rule: tcp/22/0.0.0.0/0\n  verdict: allowed\n  verdict: allowed', 'line 3: '],
    ['a prototype', '- { __proto__: { verdict: allowed }, rule: tcp/22/0.0.0.0/0 }', '[0]'],
  ])('with %s are wrong use', async (_, content, reason) => {
    const { exit, complaint } = await meeting(content);
    expect(exit).toBe(2);
    expect(complaint).toContain('expect.yaml');
    expect(complaint).toContain(reason);
  });
});
