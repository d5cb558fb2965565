import { describe, expect, test } from 'vitest';
import { changeOf } from '../../../../controlplane/settings/policy-change.ts';
import { parsePolicy, policyDigest } from '../../../../lambda/policy/parse.ts';

const rule = (name: string, mode = 'revoke', port = 22, more = '') =>
  `  - { name: ${name}, match: { ports: { any: [${port}] } }, mode: ${mode}${more} }`;
const policy = (rules: string[], head = '') =>
  parsePolicy(['version: 1', ...(head ? [head] : []), 'rules:', ...rules].join('\n'));

const before = policy([rule('ssh'), rule('rdp', 'notify', 3389)]);
const lowered = (...after: Parameters<typeof policy>) => changeOf(before, policy(...after)).lowered;

describe('an edit lowers the mode', () => {
  test.each([
    [
      'where the cap is lower',
      [rule('ssh'), rule('rdp', 'notify', 3389)],
      'mode: notify',
      ["the policy's mode from revoke to notify", 'rule ssh from revoke to notify'],
    ],
    [
      'where the cap holds back every rule',
      [rule('ssh'), rule('rdp', 'notify', 3389)],
      'mode: observe',
      [
        "the policy's mode from revoke to observe",
        'rule ssh from revoke to observe',
        'rule rdp from notify to observe',
      ],
    ],
    [
      'where one rule’s own mode is lower',
      [rule('ssh'), rule('rdp', 'observe', 3389)],
      '',
      ['rule rdp from notify to observe'],
    ],
    ['where a rule is removed', [rule('ssh')], '', ['rule rdp (notify) is removed']],
    [
      'where one rule is lower and another one higher',
      [rule('ssh', 'notify'), rule('rdp', 'revoke', 3389)],
      '',
      ['rule ssh from revoke to notify'],
    ],
    [
      'where a new weaker rule decides before a stronger one',
      [rule('first', 'observe', 22), rule('ssh'), rule('rdp', 'notify', 3389)],
      '',
      ['rule first (observe) decides before rule ssh (revoke)'],
    ],
    [
      'where a weaker rule moves before a stronger one',
      [rule('rdp', 'notify', 3389), rule('ssh')],
      '',
      ['rule rdp (notify) decides before rule ssh (revoke)'],
    ],
    [
      'where a renamed rule is weaker too',
      [rule('shell', 'notify'), rule('rdp', 'notify', 3389)],
      '',
      ['rule shell from revoke to notify'],
    ],
  ])('%s', (_, rules, head, wanted) => {
    expect(lowered(rules, head)).toEqual(wanted);
  });

  test('where sweeps remediate no longer', () => {
    const rules = [rule('ssh')];
    const remediating = policy(rules, 'sweepAction: remediate');
    const wanted = ['sweepAction from remediate to report'];
    expect(changeOf(remediating, policy(rules)).lowered).toEqual(wanted);
    expect(changeOf(remediating, policy(rules, 'sweepAction: report')).lowered).toEqual(wanted);
    expect(changeOf(policy(rules), remediating).lowered).toEqual([]);
  });
});

describe('an edit does not lower the mode', () => {
  test.each([
    ['that raises a rule', [rule('ssh'), rule('rdp', 'revoke', 3389)], ''],
    [
      'that adds a rule at the end',
      [rule('ssh'), rule('rdp', 'notify', 3389), rule('new', 'observe', 1)],
      '',
    ],
    [
      'that adds a rule as strong in front',
      [rule('new', 'revoke', 1), rule('ssh'), rule('rdp', 'notify', 3389)],
      '',
    ],
    ['that narrows a match', [rule('ssh', 'revoke', 2222), rule('rdp', 'notify', 3389)], ''],
    [
      'that narrows a scope',
      [
        rule('ssh', 'revoke', 22, ', scope: { include: [{ regions: [eu-west-1] }] }'),
        rule('rdp', 'notify', 3389),
      ],
      '',
    ],
    ['that renames a rule', [rule('shell'), rule('rdp', 'notify', 3389)], ''],
    ['that names the cap that held before', [rule('ssh'), rule('rdp', 'notify', 3389)], 'mode: revoke'],
    [
      'that changes a severity',
      [rule('ssh', 'revoke', 22, ', severity: low'), rule('rdp', 'notify', 3389)],
      '',
    ],
  ])('%s', (_, rules, head) => {
    expect(lowered(rules, head)).toEqual([]);
  });

  test('that raises the cap', () => {
    const observing = policy([rule('ssh'), rule('rdp', 'notify', 3389)], 'mode: observe');
    expect(changeOf(observing, before).lowered).toEqual([]);
  });

  test('that raises a rule behind a weaker one, which decided before it already', () => {
    const weakerFirst = policy([rule('rdp', 'notify', 3389), rule('ssh', 'notify')]);
    expect(changeOf(weakerFirst, policy([rule('rdp', 'notify', 3389), rule('ssh')])).lowered).toEqual([]);
  });
});

describe('what an edit changes', () => {
  test('is described by digests, modes and the names of rules, exceptions and other keys', () => {
    const exception = (name: string, why: string) =>
      `  - { name: ${name}, owner: o, why: ${why}, ticket: t, permanent: true, where: { include: [{ groupIds: [sg-1] }] }, allow: { protocols: [tcp], sources: { cidrs: [0.0.0.0/0] } } }`;
    const exceptions = (...list: string[]) => ['exceptions:', ...list];
    const old = policy([
      rule('a'),
      rule('b', 'notify'),
      ...exceptions(exception('x', 'one'), exception('y', 'one')),
    ]);
    const now = policy(
      [rule('b', 'revoke'), rule('c'), ...exceptions(exception('y', 'two'), exception('z', 'one'))],
      'trustAwsPrefixLists: true',
    );
    expect(changeOf(old, now)).toEqual({
      ...{ from: policyDigest(old), to: policyDigest(now), mode: { from: 'revoke', to: 'revoke' } },
      modes: [{ rule: 'b', from: 'notify', to: 'revoke' }],
      rules: { added: ['c'], removed: ['a'], changed: ['b'], reordered: false },
      exceptions: { added: ['z'], removed: ['x'], changed: ['y'] },
      settings: ['trustAwsPrefixLists'],
      lowered: [],
    });
  });

  test('of a first policy is everything, and lowers nothing', () => {
    expect(changeOf(undefined, before)).toMatchObject({
      ...{ from: null, mode: { from: null, to: 'revoke' }, modes: [], lowered: [] },
      rules: { added: ['ssh', 'rdp'], removed: [], changed: [], reordered: false },
    });
  });

  test('of rules that change places is their order', () => {
    const now = policy([rule('rdp', 'notify', 3389), rule('ssh')]);
    expect(changeOf(before, now).rules).toEqual({ added: [], removed: [], changed: [], reordered: true });
  });

  test('is nothing where only the layout differs', () => {
    const change = changeOf(before, parsePolicy(`# text\n${JSON.stringify(before)}`));
    expect(change.from).toBe(change.to);
  });
});
