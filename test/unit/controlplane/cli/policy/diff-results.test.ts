import { beforeEach, describe, expect, it, vi } from 'vitest';
import { remediation } from '../../../../worlds/remediation-sample.ts';
import { serviceOfTests } from '../service.ts';
import { file, policy, policyJson, policyText, worldOn } from './cli.ts';
import { type Change, changes, groups, policies, type Side } from './diff-sample.ts';

const service = serviceOfTests();

describe('policy diff against remediation results', () => {
  const finding = (change: object) => ({
    ...{
      ruleId: 'sgr-01',
      protocol: 'tcp',
      fromPort: 22,
      toPort: 22,
      source: '0.0.0.0/0',
      policyRule: 'ssh',
    },
    ...{ severity: null, message: null, undo: null, why: '', action: 'revoked' as const },
    ...change,
  });
  const results = (...each: Parameters<typeof remediation>[0][]) =>
    file('results.json', {
      remediations: each.map((change) => ({ eventId: 'e', result: remediation(change) })),
    });
  const compared = async (older: string, newer: string, against: string) =>
    policyJson('diff', ...(await policies(older, newer)), '--against', against);
  const all = (answer: { same: Side[]; differing: Change[] }) => [
    ...answer.same,
    ...answer.differing.map((each) => each.new),
  ];

  it('rebuilds the rules from the findings', async () => {
    const findings = [
      finding({}),
      finding({ ruleId: 'sgr-02', source: '::/0' }),
      finding({ ruleId: 'sgr-03', protocol: 'icmp', fromPort: 8, toPort: -1 }),
      finding({ ruleId: 'sgr-04', protocol: '-1', fromPort: null, toPort: null }),
      finding({ ruleId: 'sgr-05', source: 'pl-01' }),
      finding({ ruleId: 'sgr-06', source: 'sg-02' }),
      finding({ ruleId: 'sgr-07', source: 'of another shape' }),
    ];
    const { answer } = await compared(
      policyText([worldOn('22')]),
      policyText([`mode: notify, ${worldOn('22')}`]),
      await results({ findings }),
    );
    expect(changes(answer)).toEqual([
      'tcp/22/0.0.0.0/0: violation rule-1 revoke -> violation rule-1 notify',
      'tcp/22/::/0: violation rule-1 revoke -> violation rule-1 notify',
      '-1/0.0.0.0/0: violation rule-1 revoke -> violation rule-1 notify',
    ]);
    expect(
      answer.same.map(({ rule, verdict }: { rule: string; verdict: string }) => `${rule} ${verdict}`),
    ).toEqual([
      'icmp/8/0.0.0.0/0 allowed',
      'tcp/22/pl-01 undecided',
      'tcp/22/sg-02 allowed',
      'tcp/22/? undecided',
    ]);
  });

  it('is undecided about what depends on unknown tags, name or VPC of the group', async () => {
    const scoped = (scope: string) => policyText([`${worldOn('22')}, scope: { include: [{ ${scope} }] }`]);
    const verdict = async (scope: string, change: object = {}) => {
      const { answer } = await compared(
        scoped(scope),
        scoped(scope),
        await results({ findings: [finding({})], ...change }),
      );
      return all(answer).map((each) => each.verdict);
    };
    expect(await verdict('groupTags: { a: [b] }')).toEqual(['undecided']);
    expect(await verdict('groupNames: [web]')).toEqual(['violation']);
    expect(await verdict('groupNames: [web]', { groupName: null })).toEqual(['undecided']);
    expect(await verdict('vpcs: [vpc-1]')).toEqual(['undecided']);
    expect(await verdict('vpcs: [vpc-1]', { vpcId: 'vpc-1' })).toEqual(['violation']);
    expect(await verdict('organizationalUnits: [a]')).toEqual(['undecided']);
  });

  it('is undecided where other rules of the group could make it too wide together', async () => {
    const narrow = { source: '8.0.0.0/9' };
    const verdict = async (rule: string, ...changes: object[]) => {
      const findings = changes.map((change, index) => finding({ ruleId: `sgr-${index}`, ...change }));
      const { answer } = await compared(policyText([rule]), policyText([rule]), await results({ findings }));
      return all(answer).map((each) => each.verdict);
    };
    const alone = worldOn('22', 'ipv4WiderThan: 8, ipv6WiderThan: 16, union: false');
    expect(await verdict(worldOn('22'), narrow)).toEqual(['undecided']);
    expect(await verdict(alone, narrow)).toEqual(['allowed']);
    expect(await verdict(worldOn('23'), narrow)).toEqual(['allowed']);
    expect(await verdict(worldOn('22'), { source: '10.0.0.0/8' })).toEqual(['allowed']);
    expect(await verdict(worldOn('22'), {})).toEqual(['violation']);
    const halves = [{ source: '0.0.0.0/1' }, { source: '128.0.0.0/1' }];
    const wide = worldOn('22', 'ipv4WiderThan: 1, ipv6WiderThan: 1');
    expect(await verdict(wide, ...halves)).toEqual(['violation', 'violation']);
    expect(await verdict(wide, { source: '0.0.0.0/1' })).toEqual(['undecided']);
  });

  it('says what could not be compared', async () => {
    const undecided = [{ ruleId: 'sgr-08', reason: 'r' }];
    const excepted = [{ ruleId: 'sgr-09', policyRule: 'ssh', exceptions: [] }];
    const against = await results(
      { findings: [finding({})], undecided, excepted, omitted: 3 },
      { groupId: null, outcome: 'ignored' },
    );
    const text = policyText([worldOn('22')]);
    const { exit, out } = await policy('diff', ...(await policies(text, text)), '--against', against);
    expect(exit).toBe(0);
    expect(out).toContain('0 rules differ, 1 are the same');
    expect(out).toMatch(
      /not compared: 1 undecided rules.*\nnot compared: 1 excepted rules.*\nnot compared: 3 rules that were left out/,
    );
  });

  it('counts a rule once, as the newest result has it', async () => {
    const text = policyText([worldOn('22')]);
    const twice = [finding({}), finding({})];
    const { answer } = await compared(
      text,
      text,
      await results({ findings: twice }, { findings: twice }, { findings: [finding({ toPort: 23 })] }),
    );
    expect(all(answer)).toHaveLength(2);
    const elsewhere = await compared(
      text,
      text,
      await results({ findings: [finding({})] }, { findings: [finding({})], account: '300000000002' }),
    );
    expect(all(elsewhere.answer)).toHaveLength(2);
  });

  it('reads results of versions that did not report exceptions', async () => {
    const { excepted: _, omitted: __, ...old } = remediation({ findings: [finding({})] });
    const text = policyText([worldOn('22')]);
    const { answer } = await compared(
      text,
      text,
      await file('old.json', { remediations: [{ result: old }] }),
    );
    expect(all(answer)).toHaveLength(1);
  });

  it.each<[string, unknown, string]>([
    ['no list', { remediations: {} }, 'remediations: '],
    ['no result', { remediations: [{}] }, 'remediations[0].result: '],
    [
      'a finding of another type',
      { remediations: [{ result: { ...remediation(), findings: [{ ruleId: 1 }] } }] },
      'findings[0].ruleId: ',
    ],
    ['neither', { x: 1 }, 'has neither SecurityGroups nor SecurityGroupRules'],
  ])('with %s is wrong use', async (_, content, reason) => {
    const text = policyText([worldOn('22')]);
    const { exit, complaint } = await compared(text, text, await file('wrong.json', content));
    expect(exit).toBe(2);
    expect(complaint).toContain(reason);
  });

  it('mixed with security groups is wrong use', async () => {
    const text = policyText([worldOn('22')]);
    const args = [
      'diff',
      ...(await policies(text, text)),
      '--against',
      await results({}),
      '--against',
      await groups(),
    ];
    expect(await policy(...args)).toMatchObject({
      exit: 2,
      complaint: expect.stringContaining('compared alone'),
    });
  });
});

describe('policy diff against the service', () => {
  beforeEach(() => void vi.stubEnv('PORTCULLIS_TOKEN', 'secret-token'));
  const same = async () => policies(policyText([worldOn('22')]), policyText([worldOn('22')]));

  it('asks for its newest results, with the token, and says how many', async () => {
    service.other = () => ({ body: { remediations: [{ result: remediation() }] } });
    const { exit, out } = await policy('diff', ...(await same()), '--against', 'service');
    expect(service.asked.map(({ path, headers }) => `${path} ${headers.authorization}`)).toEqual([
      '/v1/remediations?limit=1000 Bearer secret-token',
    ]);
    expect({ exit, out }).toMatchObject({ exit: 0, out: expect.stringContaining('the newest 1000 results') });
  });

  it('that refuses or does not answer has failed: 1', async () => {
    service.other = () => ({ status: 401, body: { code: 'unauthenticated', detail: 'send a known token' } });
    const refused = await policy('diff', ...(await same()), '--against', 'service');
    expect(refused).toMatchObject({ exit: 1, out: '' });
    expect(refused.complaint).toContain('set PORTCULLIS_TOKEN');
    vi.stubEnv('PORTCULLIS_URL', 'http://127.0.0.1:9');
    expect((await policy('diff', ...(await same()), '--against', 'service')).exit).toBe(1);
  });

  it('that is not named and does not run is wrong use', async () => {
    vi.stubEnv('PORTCULLIS_URL', '');
    vi.stubEnv('PORTCULLIS_DATA', '/nonexistent');
    expect(await policy('diff', ...(await same()), '--against', 'service')).toMatchObject({
      exit: 2,
      complaint: expect.stringContaining('set PORTCULLIS_URL'),
    });
  });
});
