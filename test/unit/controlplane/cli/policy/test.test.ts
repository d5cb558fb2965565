import { describe, expect, it } from 'vitest';
import {
  evaluated,
  exported,
  file,
  optionsFor,
  outcomes,
  permission,
  policy,
  policyJson,
  policyText,
  samples,
  ssh,
  worldOn,
} from './cli.ts';

describe('policy test', () => {
  it('shows for each rule what the Lambda would do in its effective mode', async () => {
    const rules = [
      worldOn('22'),
      `mode: notify, ${worldOn('23')}`,
      `mode: observe, ${worldOn('24')}`,
      `narrowTo: [203.0.113.0/24, "2001:db8::/32"], ${worldOn('25')}`,
    ];
    const open = [22, 23, 24, 25, 26].map((port) => permission('tcp', [port, port], '0.0.0.0/0'));
    expect(await outcomes(await optionsFor(policyText(rules), open))).toEqual([
      'tcp/22/0.0.0.0/0 violation revoke',
      'tcp/23/0.0.0.0/0 violation notify',
      'tcp/24/0.0.0.0/0 violation observe',
      'tcp/25/0.0.0.0/0 violation narrow',
      'tcp/26/0.0.0.0/0 allowed',
    ]);
    const { answer } = await policyJson('test', ...(await optionsFor(policyText(rules), open)));
    expect(answer.groups[0].rules[3].narrowTo).toEqual(['203.0.113.0/24']);
    expect(answer.counts).toMatchObject({ violation: 4, closed: 2, allowed: 1 });
    expect(await outcomes(await optionsFor(policyText(rules, 'mode: observe'), open))).toEqual([
      'tcp/22/0.0.0.0/0 violation would-revoke',
      'tcp/23/0.0.0.0/0 violation observe',
      'tcp/24/0.0.0.0/0 violation observe',
      'tcp/25/0.0.0.0/0 violation would-revoke',
      'tcp/26/0.0.0.0/0 allowed',
    ]);
  });

  it('prints what it would narrow to, and that the policy limits the mode', async () => {
    const narrow = policyText([`narrowTo: [203.0.113.0/24], ${worldOn('22')}`]);
    const { out } = await policy('test', ...(await optionsFor(narrow, [ssh])));
    expect(out).toMatch(
      /would narrow {2}tcp\/22\/0\.0\.0\.0\/0 {2}rule-1: .*; would narrow to 203\.0\.113\.0\/24/,
    );
    const capped = await policy(
      'test',
      ...(await optionsFor(policyText([worldOn('22')], 'mode: notify'), [ssh])),
    );
    expect(capped.out).toMatch(/capped .*; the policy's mode limits it to notify/);
  });

  it('evaluates ICMP by its types, and never by ports', async () => {
    const icmp =
      'match: { protocols: [icmp], icmp: { types: [5, 13] }, sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }';
    const given = [
      permission('icmp', [5, -1], '0.0.0.0/0'),
      permission('icmp', [13, 0], '0.0.0.0/0'),
      permission('icmp', [8, -1], '0.0.0.0/0'),
      permission('icmp', [-1, -1], '0.0.0.0/0'),
      permission('-1', [], '0.0.0.0/0'),
      permission('tcp', [5, 13], '0.0.0.0/0'),
    ];
    expect(await outcomes(await optionsFor(policyText([icmp]), given))).toEqual([
      'icmp/5/0.0.0.0/0 violation revoke',
      'icmp/13:0/0.0.0.0/0 violation revoke',
      'icmp/8/0.0.0.0/0 allowed',
      'icmp/0.0.0.0/0 violation revoke',
      '-1/0.0.0.0/0 violation revoke',
      'tcp/5-13/0.0.0.0/0 allowed',
    ]);
    expect(await outcomes(await optionsFor(policyText([worldOn('5, 8')]), given.slice(0, 4)))).toEqual([
      'icmp/5/0.0.0.0/0 allowed',
      'icmp/13:0/0.0.0.0/0 allowed',
      'icmp/8/0.0.0.0/0 allowed',
      'icmp/0.0.0.0/0 allowed',
    ]);
  });

  it('finds two halves of the Internet in one group, and not in two', async () => {
    const wide = policyText([worldOn('22', 'ipv4WiderThan: 1, ipv6WiderThan: 1')]);
    const halves = ['0.0.0.0/1', '128.0.0.0/1'].map((half) => permission('tcp', [22, 22], half));
    expect(await outcomes(await optionsFor(wide, halves))).toEqual([
      'tcp/22/0.0.0.0/1 violation revoke',
      'tcp/22/128.0.0.0/1 violation revoke',
    ]);
    const apart = halves.flatMap(
      (half, index) => exported([half], { GroupId: `sg-0${index}` }).SecurityGroups,
    );
    const args = ['--policy', await file('wide.yaml', wide), '--groups', await file('apart.json', apart)];
    expect((await policyJson('test', ...args)).answer.counts).toMatchObject({
      groups: 2,
      violation: 0,
      allowed: 2,
    });
  });

  it('leaves a prefix list undecided until its ranges are given', async () => {
    const args = await optionsFor(policyText([worldOn('22')]), [
      permission('tcp', [22, 22], 'pl-01', 'pl-02', 'pl-03'),
    ]);
    expect(await evaluated(args)).toMatchObject([
      { verdict: 'undecided', why: 'prefix list pl-01 is not resolved' },
      { verdict: 'undecided' },
      { verdict: 'undecided' },
    ]);
    const lists = [
      ['pl-01.json', { Entries: [{ Cidr: '0.0.0.0/0', Description: 'all' }] }],
      ['lists.json', { 'pl-02': ['10.0.0.0/8'] }],
      [
        'owners.json',
        { PrefixLists: [{ PrefixListId: 'pl-03', PrefixListName: 'com.amazonaws.x', OwnerId: 'AWS' }] },
      ],
    ] as const;
    for (const [name, content] of lists) args.push('--prefix-lists', await file(name, content));
    expect(await outcomes(args)).toEqual([
      'tcp/22/pl-01 violation revoke',
      'tcp/22/pl-02 allowed',
      'tcp/22/pl-03 undecided',
    ]);
    expect(
      await outcomes([
        ...args,
        '--policy',
        await file('trust.yaml', policyText([worldOn('22')], 'trustAwsPrefixLists: true')),
      ]),
    ).toEqual(['tcp/22/pl-01 violation revoke', 'tcp/22/pl-02 allowed', 'tcp/22/pl-03 allowed']);
  });

  it('applies an exception until the second of --at', async () => {
    const exception =
      'exceptions: [{ name: guest, owner: o, why: w, ticket: t, expires: 2027-01-31T12:00:00+02:00, where: { include: [{ accounts: ["300000000001"] }] }, allow: { sources: { cidrs: [0.0.0.0/0] }, ports: { any: [22] } } }]';
    const args = await optionsFor(policyText([worldOn('22')], exception), [ssh]);
    expect(await evaluated([...args, '--at', '2027-01-31T09:59:59Z'])).toMatchObject([
      { verdict: 'excepted', exceptions: [{ name: 'guest', expires: '2027-01-31T12:00:00+02:00' }] },
    ]);
    expect(await outcomes([...args, '--at', '2027-01-31T10:00:00Z'])).toEqual([
      'tcp/22/0.0.0.0/0 violation revoke',
    ]);
    expect(await outcomes([...args, '--at', '2027-02-01'])).toEqual(['tcp/22/0.0.0.0/0 violation revoke']);
  });

  it('reads organizational units and tags from the account table, and is in doubt without it', async () => {
    const games = policyText([`${worldOn('22')}, scope: { include: [{ organizationalUnits: [Games] }] }`]);
    const args = await optionsFor(games, [ssh]);
    expect(await outcomes(args)).toEqual(['tcp/22/0.0.0.0/0 undecided']);
    expect(await outcomes([...args, '--accounts', samples.accounts])).toEqual([
      'tcp/22/0.0.0.0/0 violation revoke',
    ]);
    const other = await file('other.json', { '300000000001': { organizationalUnits: ['Shops'], tags: {} } });
    expect(await outcomes([...args, '--accounts', other])).toEqual(['tcp/22/0.0.0.0/0 allowed']);
  });

  it('is in doubt about names, VPCs and tags that the export does not have', async () => {
    const scopes = ['groupNames: [web]', 'vpcs: [vpc-01]', 'groupTags: { a: ["*"] }'];
    for (const scope of scopes) {
      const text = policyText([`${worldOn('22')}, scope: { include: [{ ${scope} }] }`]);
      expect(await outcomes(await optionsFor(text, [ssh], { Tags: [{ Key: 'a', Value: 'b' }] }))).toEqual([
        'tcp/22/0.0.0.0/0 violation revoke',
      ]);
      const partial = await optionsFor(text, [ssh], { GroupName: undefined, VpcId: undefined });
      expect(await outcomes(partial), scope).toEqual(['tcp/22/0.0.0.0/0 undecided']);
      const elsewhere = text.replace('include: [{ ', 'include: [{ regions: [us-east-1], ');
      const out = await optionsFor(elsewhere, [ssh], { GroupName: undefined, VpcId: undefined });
      expect(await outcomes(out), scope).toEqual(['tcp/22/0.0.0.0/0 allowed']);
    }
  });

  it('prints the same rules as text and as JSON', async () => {
    const args = ['--groups', samples.groups, '--at', '2027-01-01'];
    const [text, { answer }] = [await policy('test', ...args), await policyJson('test', ...args)];
    for (const { rules } of answer.groups)
      for (const { rule, why } of rules) {
        expect(text.out).toContain(`${rule}`);
        expect(text.out).toContain(why);
      }
    expect(answer.at).toBe('2027-01-01T00:00:00.000Z');
  });
});
