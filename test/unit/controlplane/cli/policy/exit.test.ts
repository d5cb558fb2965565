import { afterEach, describe, expect, it, vi } from 'vitest';
import { file, optionsFor, policy, policyText, samples, ssh, words, worldOn } from './cli.ts';

afterEach(() => void vi.unstubAllEnvs());

describe('the exit code of policy test', () => {
  it.each<[string, string, number]>([
    ['nothing forbidden', worldOn('23'), 0],
    ['something to revoke', worldOn('22'), 3],
    ['something to notify', `mode: notify, ${worldOn('22')}`, 3],
    ['something to record', `mode: observe, ${worldOn('22')}`, 3],
    ['something in doubt', `${worldOn('22')}, scope: { include: [{ organizationalUnits: [x] }] }`, 3],
  ])('with %s', async (_, rule, exit) => {
    expect((await policy('test', ...(await optionsFor(policyText([rule]), [ssh])))).exit).toBe(exit);
  });

  it.each<[string, string, string]>([
    ['nothing to evaluate', 'test', 'needs --groups, --events or --expect'],
    ['a word too many', 'test x --groups GROUPS', "too many arguments for 'test'"],
    ['an unknown option', 'test --group x', "unknown option '--group'; did you mean --groups?"],
    ['an option without value', 'test --groups', '--groups'],
    ['a wrong account', 'test --groups GROUPS --account 12', '--account 12: write the 12 digits'],
    ['a wrong Region', 'test --groups GROUPS --region Frankfurt', '--region Frankfurt: write a Region'],
    ['a wrong time', 'test --groups GROUPS --at soon', '--at soon: write a date'],
    ['a time without zone', 'test --groups GROUPS --at 2027-01-01T00:00:00', '--at 2027'],
    ['a missing policy file', 'test --groups GROUPS --policy none.yaml', 'none.yaml: cannot be read'],
    ['another file as policy', 'test --groups GROUPS --policy GROUPS', 'unknown key'],
    ['another file as accounts', 'test --groups GROUPS --accounts GROUPS', 'an account id has 12 digits'],
    [
      'another file as prefix lists',
      'test --groups GROUPS --prefix-lists GROUPS',
      'a prefix list id is such as',
    ],
    ['no command', '', 'Usage: portcullis policy'],
    ['an unknown command', 'deploy', "unknown command 'deploy'"],
    ['a command of every object', 'constructor', "unknown command 'constructor'"],
  ])('with %s is 2, and says how to fix it', async (_, line, reason) => {
    const { exit, out, complaint } = await policy(...words(line));
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
      ...words('test --groups GROUPS --policy'),
      await file('bomb.yaml', text),
    );
    expect(exit).toBe(2);
    expect(complaint.split('\n').length).toBeLessThan(25);
  });

  it('with --help is 0', async () => {
    const out = expect.stringContaining('Usage: portcullis policy');
    for (const line of ['--help', 'test --help', 'diff --help'])
      expect(await policy(...words(line))).toMatchObject({ exit: 0, out });
  });
});

it('takes the policy that PORTCULLIS_POLICY names, and no other setting', async () => {
  for (const name of ['PORTCULLIS_HUB_ACCOUNT', 'PORTCULLIS_HUB_REGION', 'PULUMI_CONFIG_PASSPHRASE'])
    vi.stubEnv(name, '');
  const [, path = ''] = await optionsFor(policyText([worldOn('443')]), []);
  vi.stubEnv('PORTCULLIS_POLICY', path);
  const { out } = await policy('test', '--groups', samples.groups);
  expect(out).toMatch(/would revoke {2}tcp\/443/);
});
