import { afterEach, describe, expect, it, vi } from 'vitest';
import { exported, file, permission, policy, policyText, samples, worldOn } from './cli.ts';

afterEach(() => void vi.unstubAllEnvs());

const options = async (text: string, permissions: object[], change: object = {}) => [
  '--policy',
  await file('policy.yaml', text),
  '--groups',
  await file('groups.json', exported(permissions, change)),
];
const ssh = permission('tcp', [22, 22], '0.0.0.0/0');

describe('the exit code of policy test', () => {
  it.each<[string, string, number]>([
    ['nothing forbidden', worldOn('23'), 0],
    ['something to revoke', worldOn('22'), 3],
    ['something to tell of', `mode: notify, ${worldOn('22')}`, 3],
    ['something to record', `mode: observe, ${worldOn('22')}`, 3],
    ['something in doubt', `${worldOn('22')}, scope: { include: [{ organizationalUnits: [x] }] }`, 3],
  ])('with %s', async (_, rule, exit) => {
    expect((await policy('test', ...(await options(policyText([rule]), [ssh])))).exit).toBe(exit);
  });

  it.each<[string, string[], string]>([
    ['nothing to evaluate', ['test'], 'needs --groups, --events or --expect'],
    ['a word too many', ['test', 'x', '--groups', samples.groups], "too many arguments for 'test'"],
    ['an unknown option', ['test', '--group', 'x'], "unknown option '--group'; did you mean --groups?"],
    ['an option without value', ['test', '--groups'], '--groups'],
    [
      'a wrong account',
      ['test', '--groups', samples.groups, '--account', '12'],
      '--account 12: write the 12 digits',
    ],
    [
      'a wrong Region',
      ['test', '--groups', samples.groups, '--region', 'Frankfurt'],
      '--region Frankfurt: write a Region',
    ],
    ['a wrong time', ['test', '--groups', samples.groups, '--at', 'soon'], '--at soon: write a date'],
    ['a time without zone', ['test', '--groups', samples.groups, '--at', '2027-01-01T00:00:00'], '--at 2027'],
    [
      'a policy that is not there',
      ['test', '--groups', samples.groups, '--policy', 'none.yaml'],
      'none.yaml: cannot be read',
    ],
    [
      'a policy that is none',
      ['test', '--groups', samples.groups, '--policy', samples.groups],
      'unknown key',
    ],
    [
      'accounts that are none',
      ['test', '--groups', samples.groups, '--accounts', samples.groups],
      'an account id has 12 digits',
    ],
    [
      'prefix lists that are none',
      ['test', '--groups', samples.groups, '--prefix-lists', samples.groups],
      'a prefix list id is such as',
    ],
    ['no command', [], 'Usage: portcullis policy'],
    ['an unknown command', ['deploy'], "unknown command 'deploy'"],
    ['a command of every object', ['constructor'], "unknown command 'constructor'"],
  ])('with %s is 2, and says how to fix it', async (_, args, reason) => {
    const { exit, out, complaint } = await policy(...args);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(complaint).toContain(reason);
  });

  it('with a mistake in the policy is 2, naming file, line and fix', async () => {
    const broken = await file('broken.yaml', policyText([worldOn('22')]).replace('rules:', 'rulez:'));
    const { exit, complaint } = await policy('test', '--groups', samples.groups, '--policy', broken);
    expect(exit).toBe(2);
    expect(complaint).toMatch(/broken\.yaml: .*\n(.*\n)*.*line 3: rulez: unknown key.*did you mean rules/);
  });

  it.each<[string, string]>([
    [
      'aliases that explode',
      [
        'a: &a [x,x,x,x,x,x,x,x,x,x]',
        ...[...'bcdefg'].map((key, index) => `${key}: &${key} [${Array(10).fill(`*${'abcdef'[index]}`)}]`),
      ].join('\n'),
    ],
    ['lists without end', '['.repeat(5_000)],
  ])('with a policy of %s is 2, in few lines', async (_, text) => {
    const { exit, complaint } = await policy(
      'test',
      '--groups',
      samples.groups,
      '--policy',
      await file('bomb.yaml', text),
    );
    expect(exit).toBe(2);
    expect(complaint.split('\n').length).toBeLessThan(25);
  });

  it('with --help is 0', async () => {
    for (const args of [['--help'], ['test', '--help'], ['diff', '--help']])
      expect(await policy(...args)).toMatchObject({
        exit: 0,
        out: expect.stringContaining('Usage: portcullis policy'),
      });
  });
});

it('takes the policy that PORTCULLIS_POLICY names, and no other setting', async () => {
  for (const name of ['PORTCULLIS_HUB_ACCOUNT', 'PORTCULLIS_HUB_REGION', 'PULUMI_CONFIG_PASSPHRASE'])
    vi.stubEnv(name, '');
  const [, path = ''] = await options(policyText([worldOn('443')]), []);
  vi.stubEnv('PORTCULLIS_POLICY', path);
  const { out } = await policy('test', '--groups', samples.groups);
  expect(out).toMatch(/would revoke {2}tcp\/443/);
});
