import { describe, expect, it } from 'vitest';
import { effectiveMode, type Mode, parsePolicy, policyDigest } from '../../../../lambda/policy/parse.ts';
import { worldOpen } from '../../../worlds/policy-sample.ts';

const shipped = worldOpen;

function mistake(text: string): string {
  try {
    parsePolicy(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('the policy was read without a complaint');
}

describe('policy.yaml', () => {
  it('is read with what it leaves out filled in', () => {
    expect(parsePolicy(shipped).rules).toMatchObject([
      {
        name: 'world-open',
        mode: 'revoke',
        match: {
          sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16, union: true } },
          ports: { except: [80, 443] },
        },
      },
    ]);
  });

  it.each<[string, string, string, string]>([
    [
      'an unknown key of a match',
      'except:',
      'excpet:',
      'line 11: rules[0].match.ports.excpet: unknown key; use one of: except, any; did you mean except by excpet?',
    ],
    [
      'an unknown key of a rule',
      'severity: high',
      'serverity: high',
      'line 6: rules[0].serverity: unknown key; use one of: name, match, mode, severity, message, scope, narrowTo, escalation; did you mean severity by serverity?',
    ],
    [
      'an unknown mode',
      'mode: revoke',
      'mode: delete',
      'line 12: rules[0].mode: write observe, notify or revoke',
    ],
    ['an unknown version', 'version: 1', 'version: 2', 'line 2: version: write version: 1'],
    [
      'a port out of range',
      '[80, 443]',
      '[80, 70000]',
      'line 11: rules[0].match.ports.except[1]: a port is 0 to 65535',
    ],
    [
      'a port that is text',
      '[80, 443]',
      '[https]',
      'line 11: rules[0].match.ports.except[0]: a port is a whole number',
    ],
    [
      'a prefix length out of range',
      'ipv4WiderThan: 8',
      'ipv4WiderThan: 33',
      'line 10: rules[0].match.sources.public.ipv4WiderThan: write a prefix length from 1 to 32',
    ],
    [
      'a prefix length that nothing is wider than',
      'ipv4WiderThan: 8',
      'ipv4WiderThan: 0',
      'write a prefix length from 1 to 32',
    ],
    [
      'a name that is no name',
      'name: world-open',
      'name: World Open',
      'line 4: rules[0].name: use 1 to 63 lower-case letters',
    ],
    ['a missing mode', '    mode: revoke\n', '', 'line 4: rules[0].mode: write observe, notify or revoke'],
    [
      'a key given twice',
      'severity: high',
      'severity: high\n    severity: low',
      'line 7: Map keys must be unique',
    ],
    ['a broken text', 'version: 1', 'version: [1', 'line '],
  ])('is refused for %s, with line, field and fix', (_, from, to, message) => {
    expect(shipped).toContain(from);
    expect(mistake(shipped.replace(from, to))).toContain(message);
  });

  it.each(['', '[]', 'text', 'version: 1\nrules: []', 'version: 1'])(
    'is refused where it declares no rule: %j',
    (text) => {
      expect(mistake(text)).toMatch(/line 1|line 2/);
    },
  );

  it('is refused where two rules share a name', () => {
    const rule = shipped.slice(shipped.indexOf('  - name'));
    expect(mistake(shipped + rule)).toContain(
      'line 13: rules[1].name: another rule is already named world-open',
    );
  });

  it('is refused with all of its mistakes at once', () => {
    expect(
      mistake(shipped.replace('80, 443', '-1').replace('mode: revoke', 'mode: no')).split('\n'),
    ).toHaveLength(3);
  });
});

describe('the cap of a policy', () => {
  it.each<[Mode | undefined, Mode, Mode]>([
    [undefined, 'revoke', 'revoke'],
    ['revoke', 'notify', 'notify'],
    ['notify', 'revoke', 'notify'],
    ['observe', 'revoke', 'observe'],
    ['notify', 'observe', 'observe'],
  ])('%s lets a rule in mode %s act in mode %s', (cap, mode, effective) => {
    const policy = parsePolicy(
      shipped.replace('mode: revoke', `mode: ${mode}`) + (cap ? `mode: ${cap}\n` : ''),
    );
    expect(policy.rules.map((rule) => effectiveMode(policy, rule))).toEqual([effective]);
  });
});

describe('the digest of a policy', () => {
  it('does not change with comments, layout and key order', () => {
    const [head, ...keys] = [
      '  - name: world-open',
      '    mode: revoke',
      '    severity: high',
      '    message: m',
    ];
    const match =
      '    match: { ports: { except: [80, 443] }, sources: { public: { ipv6WiderThan: 16, ipv4WiderThan: 8 } } }';
    const one = parsePolicy(['version: 1', 'rules:', head, ...keys, match].join('\n'));
    const other = parsePolicy(['# text', 'rules:', head, match, ...keys.reverse(), 'version: 1'].join('\n'));
    expect(policyDigest(other)).toBe(policyDigest(one));
    expect(policyDigest(one)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('changes with any meaning', () => {
    const texts = [
      shipped,
      shipped.replace('443', '444'),
      shipped.replace('mode: revoke', 'mode: notify'),
      `${shipped}mode: observe\n`,
    ];
    expect(new Set(texts.map((text) => policyDigest(parsePolicy(text)))).size).toBe(texts.length);
  });
});
