import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type EvaluatedRule, exported, file, permission, policy, policyJson, samples } from './cli.ts';

const verdicts = (answer: { groups: { groupId: string; rules: EvaluatedRule[] }[] }) =>
  answer.groups.flatMap(({ groupId, rules }) =>
    rules.map(({ rule, verdict }) => `${groupId} ${rule} ${verdict}`),
  );
const tried = async (...exports: unknown[]) => {
  const files: string[] = [];
  for (const [index, each] of exports.entries())
    files.push('--groups', await file(`export-${index}.json`, each));
  return policyJson('test', ...files);
};
type Listed = { SecurityGroups: unknown[]; SecurityGroupRules: unknown[] };
const read = async (path: string) => JSON.parse(await readFile(path, 'utf8'));

describe('an export of security groups', () => {
  it('gives the same verdicts in both forms and with both together', async () => {
    const by = async (...files: string[]) =>
      (await policyJson('test', ...files.flatMap((each) => ['--groups', each]))).answer;
    const [groups, rules] = [await by(samples.groups), await by(samples.rules)];
    const both = await by(samples.groups, samples.rules);
    expect(verdicts(groups)).toHaveLength(11);
    expect(verdicts(rules)).toEqual(verdicts(groups));
    expect(verdicts(both)).toEqual(verdicts(groups));
    expect(await by(samples.rules, samples.groups)).toMatchObject({ counts: both.counts });
    expect(both.counts.egress).toBe(groups.counts.egress);
    expect(both.groups.flatMap(({ notes }: { notes: string[] }) => notes)).toEqual([]);
  });

  it('has rules with the ids of AWS, otherwise with their text as id', async () => {
    const ids = async (...files: string[]) => {
      const { answer } = await policyJson('test', ...files.flatMap((each) => ['--groups', each]));
      return answer.groups[0].rules.map(({ ruleId }: EvaluatedRule) => ruleId);
    };
    expect(await ids(samples.groups)).toEqual([
      'sg-0a1b2c3d4e5f60001/tcp/443/0.0.0.0/0',
      'sg-0a1b2c3d4e5f60001/tcp/443/::/0',
      'sg-0a1b2c3d4e5f60001/tcp/22/0.0.0.0/0',
    ]);
    const own = ['sgr-00000000000000001', 'sgr-00000000000000002', 'sgr-00000000000000003'];
    expect(await ids(samples.rules)).toEqual(own);
    expect(await ids(samples.groups, samples.rules)).toEqual(own);
  });

  it.each<[string, (groups: Listed, rules: Listed) => unknown]>([
    ['documents', (groups, rules) => [groups, rules]],
    ['groups', ({ SecurityGroups }) => SecurityGroups],
    ['rules', (_, { SecurityGroupRules }) => SecurityGroupRules],
  ])('may be a list of %s', async (_, listOf) => {
    const { answer } = await tried(listOf(await read(samples.groups), await read(samples.rules)));
    expect(answer.counts.rules).toBe(11);
  });

  it('says where both forms differ, and evaluates what either lists', async () => {
    const rules = await read(samples.rules);
    const [, , ssh] = rules.SecurityGroupRules;
    const { answer } = await tried(await read(samples.groups), {
      SecurityGroupRules: rules.SecurityGroupRules.map((each: unknown) =>
        each === ssh ? { ...ssh, FromPort: 3389, ToPort: 3389 } : each,
      ),
    });
    expect(answer.groups[0].notes).toEqual([
      'the exports differ: only one of them lists tcp/22/0.0.0.0/0',
      'the exports differ: only one of them lists tcp/3389/0.0.0.0/0',
    ]);
    expect(
      verdicts(answer).filter((each) => each.includes('60001') && each.endsWith('violation')),
    ).toHaveLength(2);
  });

  it('has the account and the Region, which count before the options', async () => {
    const place = ['--account', '300000000009', '--region', 'us-east-1'];
    const groups = await file('place.json', exported([]));
    expect((await policyJson('test', '--groups', groups, ...place)).answer.groups).toMatchObject([
      { account: '300000000001', region: 'eu-west-1' },
    ]);
    const placeless = await file(
      'placeless.json',
      exported([], { OwnerId: undefined, SecurityGroupArn: undefined }),
    );
    expect((await policyJson('test', '--groups', placeless, ...place)).answer.groups).toMatchObject([
      { account: '300000000009', region: 'us-east-1' },
    ]);
    expect((await policyJson('test', '--groups', placeless)).answer.groups).toMatchObject([
      {
        account: null,
        region: null,
        notKnown: ['its account (give --account)', 'its Region (give --region)'],
      },
    ]);
  });

  it('may list a thing twice, but not in two states', async () => {
    const once = exported([permission('tcp', [22, 22], '0.0.0.0/0')]);
    expect((await tried(once, once)).answer.counts).toMatchObject({ groups: 1, rules: 1 });
    const { exit, complaint } = await tried(once, exported([]));
    expect(exit).toBe(2);
    expect(complaint).toMatch(/export-1\.json: sg-01 differs from sg-01 in .*export-0\.json/);
  });

  it('keeps a permission with no source, or a group without id, undecided', async () => {
    const odd = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, UserIdGroupPairs: [{ GroupName: 'classic' }] };
    const { answer } = await tried(exported([permission('tcp', [23, 23]), odd]));
    expect(answer.groups[0].rules.map(({ verdict }: EvaluatedRule) => verdict)).toEqual([
      'undecided',
      'undecided',
    ]);
  });

  it('says nothing is forbidden in no group', async () => {
    expect(await tried({ SecurityGroups: [] })).toMatchObject({
      exit: 0,
      answer: { counts: { groups: 0, rules: 0 } },
    });
  });
});

describe('an export that cannot be read', () => {
  const rule = { SecurityGroupRuleId: 'sgr-1', GroupId: 'sg-01', IsEgress: false, IpProtocol: 'tcp' };
  it.each<[string, unknown, string]>([
    ['is no JSON', '{"SecurityGroups": [}', 'line 1: is not JSON'],
    ['breaks off', '{"SecurityGroups":\n[\n', 'line 2: is not JSON'],
    ['breaks in a later line', '{\n "SecurityGroups": [],\n "x": }\n\n', 'line 3: is not JSON'],
    ['breaks before its last line', '{\n "SecurityGroups": [\n "x" "y"\n ]\n}', 'line 3: is not JSON'],
    ['has an open quote', '{\n "SecurityGroups: [],\n "x": 1\n}', 'line 2: is not JSON'],
    ['has a letter too many', '{\n "SecurityGroups": [],\n "x": 1,}\n', 'line 3: is not JSON'],
    ['is empty', '', 'is empty'],
    ['is text', '"groups"', 'the whole: '],
    ['is null', 'null', 'the whole: '],
    ['is a list of numbers', '[1, 2]', 'the whole: '],
    ['is of something else', { Reservations: [] }, 'has neither SecurityGroups nor SecurityGroupRules'],
    ['goes on', { ...exported([]), NextToken: 'abc' }, 'NextToken: more pages follow'],
    ['has an object for the list', { SecurityGroups: {} }, 'SecurityGroups: write a list of security groups'],
    [
      'has permissions of another type',
      exported({} as object[]),
      'SecurityGroups[0].IpPermissions: write a list',
    ],
    [
      'has no permissions',
      { SecurityGroups: [{ GroupId: 'sg-01' }] },
      'IpPermissions: write a list of permissions',
    ],
    [
      'has a port of another type',
      exported([{ IpProtocol: 'tcp', FromPort: '22' }]),
      'IpPermissions[0].FromPort: write a whole number',
    ],
    ['has no protocol', exported([{}]), 'IpPermissions[0].IpProtocol: write text'],
    [
      'has a null permission',
      exported([null] as unknown as object[]),
      'IpPermissions[0]: write a permission',
    ],
    [
      'has an object for the ranges',
      exported([{ IpProtocol: '-1', IpRanges: {} }]),
      'IpRanges: write a list',
    ],
    [
      'has a group id of another kind',
      exported([], { GroupId: 'vpc-1' }),
      'GroupId: a group id is such as sg-0123abcd',
    ],
    [
      'has a number for the account',
      exported([], { OwnerId: 300000000001 }),
      'OwnerId: write an account id in quotes',
    ],
    [
      'has a rule without direction',
      { SecurityGroupRules: [{ ...rule, IsEgress: 'no' }] },
      'IsEgress: write true or false',
    ],
    [
      'has a rule without group',
      { SecurityGroupRules: [{ ...rule, GroupId: undefined }] },
      'GroupId: write a group id',
    ],
    ['nests without end', '['.repeat(150_000), 'line 1: is not JSON'],
    ['nests too deep', `${'['.repeat(150_000)}${']'.repeat(150_000)}`, 'is nested deeper than'],
  ])('is wrong use where it %s, and named with place and fix', async (_, content, reason) => {
    const path = await file('broken.json', content);
    const { exit, out, complaint } = await policy('test', '--groups', path);
    expect({ exit, out }).toEqual({ exit: 2, out: '' });
    expect(complaint).toContain(`${path}: `);
    expect(complaint).toContain(reason);
  });

  it('has its first five mistakes reported', async () => {
    const { complaint } = await tried(exported(Array.from({ length: 9 }, () => ({}))));
    const { error } = JSON.parse(complaint);
    expect(error.message.split('\n')).toHaveLength(6);
    expect(error.message).toContain('and 4 more mistakes');
  });

  it('is wrong use where there is no such file, or it is a directory', async () => {
    expect(await policy('test', '--groups', 'no-such-file.json')).toMatchObject({
      exit: 2,
      complaint: expect.stringMatching(/no-such-file\.json: cannot be read: ENOENT/),
    });
    expect(await policy('test', '--groups', 'test')).toMatchObject({ exit: 2 });
  });
});

describe('a hostile export', () => {
  it('changes no prototype and hides no rule', async () => {
    const { answer } = await tried(
      `{"__proto__": {"SecurityGroups": []}, "SecurityGroups": [{"GroupId": "sg-01", "__proto__": {"IpPermissions": []},
        "GroupName": "constructor", "VpcId": "vpc-1", "Tags": [{"Key": "__proto__", "Value": "x"}, {"Key": "toString", "Value": "y"}],
        "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}]}`,
    );
    expect(verdicts(answer)).toEqual(['sg-01 tcp/22/0.0.0.0/0 violation']);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('cannot move the cursor or put in lines of its own', async () => {
    const GroupName =
      '\u001b[2J\u001b[1;31mred\r\nsg-99 fake\n  allowed\u2028\u202e\u0007\u009b\u{e0001}\u200b\ufeff';
    const path = await file(
      'escape.json',
      exported([permission('tcp', [22, 22], '0.0.0.0/0')], { GroupName }),
    );
    const { out } = await policy('test', '--groups', path);
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(out.split('\n').filter((line) => line.startsWith('sg-'))).toHaveLength(1);
    const json = await policy('test', '--groups', path, '--json');
    expect(json.out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(JSON.parse(json.out).groups[0].groupName).toBe(GroupName);
  });

  it('of three thousand rules that overlap is evaluated', { timeout: 60_000 }, async () => {
    const wide = Array.from({ length: 60 }, (_, port) =>
      permission(
        'tcp',
        [port * 10, port * 10 + 30],
        ...Array.from({ length: 50 }, (__, part) => `${part + 11}.0.0.0/9`),
      ),
    );
    const { answer } = await tried(exported(wide));
    expect(answer.counts.rules).toBe(3_000);
  });
});
