import { describe, expect, it } from 'vitest';
import { effectiveMode, type Mode, parsePolicy, policyDigest } from '../../../../lambda/policy/parse.ts';
import { publicIngress, worldOpen } from '../../../worlds/policy-sample.ts';

function mistake(text: string): string {
  try {
    parsePolicy(text);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('the policy was accepted');
}

describe('policy.yaml', () => {
  it('is read with the defaults of omitted keys', () => {
    expect(parsePolicy(worldOpen).rules).toMatchObject([
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

  const ports = 'line 11: rules[0].match.ports.';
  const prefixLength =
    'line 10: rules[0].match.sources.public.ipv4WiderThan: write a prefix length from 1 to 32';
  const ruleKeys = 'name, match, mode, severity, message, scope, narrowTo, escalation';

  it.each([
    [
      'except:',
      'excpet:',
      `${ports}excpet: unknown key; use one of: except, any; did you mean except by excpet?`,
    ],
    [
      'severity: high',
      'serverity: high',
      `line 6: rules[0].serverity: unknown key; use one of: ${ruleKeys}; did you mean severity by serverity?`,
    ],
    ['mode: revoke', 'mode: delete', 'line 12: rules[0].mode: write observe, notify or revoke'],
    ['    mode: revoke\n', '', 'line 4: rules[0].mode: write observe, notify or revoke'],
    ['version: 1', 'version: 2', 'line 2: version: write version: 1'],
    ['[80, 443]', '[80, 70000]', `${ports}except[1]: a port is 0 to 65535`],
    ['[80, 443]', '[https]', `${ports}except[0]: a port is a whole number`],
    ['ipv4WiderThan: 8', 'ipv4WiderThan: 33', prefixLength],
    ['ipv4WiderThan: 8', 'ipv4WiderThan: 0', prefixLength],
    ['name: world-open', 'name: World Open', 'line 4: rules[0].name: use 1 to 63 lower-case letters'],
    ['severity: high', 'severity: high\n    severity: low', 'line 7: Map keys must be unique'],
    ['version: 1', 'version: [1', 'line '],
  ])('is refused with %j replaced by %j, with line, field and fix', (from, to, message) => {
    expect(worldOpen).toContain(from);
    expect(mistake(worldOpen.replace(from, to))).toContain(message);
  });

  it.each(['', '[]', 'text', 'version: 1\nrules: []', 'version: 1'])(
    'is refused where it declares no rule: %j',
    (text) => {
      expect(mistake(text)).toMatch(/line 1|line 2/);
    },
  );

  it('is refused where two rules share a name', () => {
    const rule = worldOpen.slice(worldOpen.indexOf('  - name'));
    const repeated = 'line 13: rules[1].name: another rule is already named world-open';
    expect(mistake(worldOpen + rule)).toContain(repeated);
  });

  it('is refused with all of its mistakes at once', () => {
    const text = worldOpen.replace('80, 443', '-1').replace('mode: revoke', 'mode: no');
    expect(mistake(text).split('\n')).toHaveLength(3);
  });
});

describe('the mode of a policy', () => {
  it.each<[Mode | undefined, Mode, Mode]>([
    [undefined, 'revoke', 'revoke'],
    ['revoke', 'notify', 'notify'],
    ['notify', 'revoke', 'notify'],
    ['observe', 'revoke', 'observe'],
    ['notify', 'observe', 'observe'],
  ])('%s limits a rule in mode %s to mode %s', (cap, mode, effective) => {
    const text = worldOpen.replace('mode: revoke', `mode: ${mode}`);
    const policy = parsePolicy(cap ? `${text}mode: ${cap}\n` : text);
    expect(policy.rules.map((rule) => effectiveMode(policy, rule))).toEqual([effective]);
  });
});

describe('the digest of a policy', () => {
  it('does not change with comments, layout and key order', () => {
    const head = '  - name: world-open';
    const keys = ['    mode: revoke', '    severity: high', `    ${publicIngress}`];
    const one = parsePolicy(['version: 1', 'rules:', head, ...keys].join('\n'));
    const other = parsePolicy(['# text', 'rules:', head, ...keys.reverse(), 'version: 1'].join('\n'));
    expect(policyDigest(other)).toBe(policyDigest(one));
    expect(policyDigest(one)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('changes with any meaning', () => {
    const texts = [
      worldOpen,
      worldOpen.replace('443', '444'),
      worldOpen.replace('mode: revoke', 'mode: notify'),
      `${worldOpen}mode: observe\n`,
    ];
    expect(new Set(texts.map((text) => policyDigest(parsePolicy(text)))).size).toBe(texts.length);
  });
});
