import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventReportOf } from '../../../../../controlplane/cli/policy/event-report.ts';
import { matchesPattern } from '../../../../../controlplane/cli/policy/pattern.ts';
import { parsePolicy } from '../../../../../lambda/policy/parse.ts';
import { ingressPattern } from '../../../../../programs/pattern.ts';
import { worldOpen } from '../../../../worlds/policy-sample.ts';
import { file, policy, policyJson, policyText, words, worldOn } from './cli.ts';

const folder = 'test/fixtures/events';
const load = (name: string) => JSON.parse(readFileSync(`${folder}/${name}.json`, 'utf8'));
const input = { now: new Date('2026-03-02T09:16:00Z'), prefixLists: new Map() };
const shipped = parsePolicy(worldOpen);
const report = (event: unknown, by = shipped) => eventReportOf(by, event, [], input);
const asked = (name: string) =>
  report(load(name)).asked?.rules.map(({ rule, verdict }) => `${rule} ${verdict}`) ?? null;

const reported: Record<string, string[] | null> = {
  'authorize-nested': ['tcp/22/0.0.0.0/0 violation'],
  'authorize-flat': ['tcp/22/0.0.0.0/0 violation'],
  'authorize-flat-by-name': ['tcp/22/0.0.0.0/0 violation'],
  'authorize-wrapped': ['tcp/22/0.0.0.0/0 violation'],
  'authorize-request-omitted': ['tcp/22/0.0.0.0/0 violation'],
  'authorize-without-rule-set': ['tcp/22/0.0.0.0/0 violation'],
  'authorize-mixed': [
    'tcp/443/0.0.0.0/0 allowed',
    'tcp/22/10.0.0.0/8 allowed',
    'tcp/3389/0.0.0.0/0 violation',
  ],
  'authorize-icmp': ['icmp/8/0.0.0.0/0 allowed'],
  'authorize-prefix-list': ['tcp/22/pl-0123456789abcdef0 undecided'],
  'authorize-source-group': ['tcp/22/sg-0ffffffffffffffff allowed'],
  'authorize-duplicate': ['tcp/22/0.0.0.0/0 violation'],
  'modify-plain': ['tcp/22/0.0.0.0/0 violation'],
  'prefix-list-edited': null,
  'authorize-dry-run': null,
  'authorize-unauthorized': null,
};

describe('an event', () => {
  it.each(Object.entries(reported))('%s requests the rules in its request or response', (name, rules) => {
    expect(asked(name)).toEqual(rules);
  });

  it.each([
    'modify-wrapped-one',
    'modify-wrapped-several',
    'authorize-by-terraform',
    'authorize-by-cloudformation',
  ])('%s requests rules that can be read', (name) => {
    const { asked: found } = report(load(name));
    expect(found?.rules.length).toBeGreaterThan(0);
    expect(found?.unreadable).toBe(0);
  });

  it.each([
    ['authorize-nested', 'inspected', /names sg-0a1b2c3d4e5f60001/],
    ['prefix-list-edited', 'inspected', /every group that allows it/],
    ['authorize-by-name-without-rule-set', 'inspected', /every group called web/],
    ['authorize-dry-run', 'ignored', /DryRunOperation/],
    ['authorize-unauthorized', 'ignored', /UnauthorizedOperation/],
    ['authorize-egress', 'not-forwarded', /forwarding rule/],
    ['revoke-ingress', 'not-forwarded', /forwarding rule/],
  ])('%s is %s, and says why', (name, reading, why) => {
    expect(report(load(name))).toMatchObject({ reading, why: expect.stringMatching(why) });
  });

  it('of every fixture is reported with a reason', () => {
    for (const name of readdirSync(folder)) {
      const { reading, why, asked: found } = report(load(name.replace('.json', '')));
      expect(why, name).not.toBe('');
      if (found) expect([name, reading]).toEqual([name, 'inspected']);
    }
  });

  it('of another service, or with an unreadable account, requests nothing', () => {
    const other = { ...load('authorize-nested'), source: 'aws.s3' };
    expect(report(other)).toMatchObject({ reading: 'not-forwarded', asked: null });
    const forged = { ...load('authorize-nested'), account: 'x' };
    expect(report(forged)).toMatchObject({ reading: 'undecided', asked: null });
  });

  it('that has only the group’s name leaves conditions on its VPC and id undecided', () => {
    const vpc = `${worldOn('22')}, scope: { include: [{ vpcs: [vpc-1] }] }`;
    const by = parsePolicy(policyText([vpc, worldOn('22')]));
    const unnamed = report(load('authorize-by-name-without-rule-set'), by).asked?.rules;
    expect(unnamed?.map(({ verdict }) => verdict)).toEqual(['undecided']);
    const named = parsePolicy(policyText([`${worldOn('22')}, scope: { include: [{ groupNames: [web] }] }`]));
    expect(report(load('authorize-by-name-without-rule-set'), named).asked?.rules).toMatchObject([
      { verdict: 'violation' },
    ]);
  });

  it('uses the facts about its group from the given groups', async () => {
    const scoped = await file(
      'scoped.yaml',
      policyText([`${worldOn('22')}, scope: { include: [{ groupNames: [web] }] }`]),
    );
    const args = ['--events', `${folder}/authorize-nested.json`, '--policy', scoped];
    const [{ asked: alone }] = (await policyJson('test', ...args)).answer.events;
    expect(alone.rules).toMatchObject([{ verdict: 'undecided' }]);
    const [{ asked: described }] = (await policyJson('test', ...args, ...words('--groups GROUPS'))).answer
      .events;
    expect(described.rules).toMatchObject([{ verdict: 'violation' }]);
  });

  it('that edits a prefix list names the given groups that allow it', async () => {
    const { answer } = await policyJson(
      ...words(`test --events ${folder}/prefix-list-edited.json --groups GROUPS`),
    );
    expect(answer.events[0].why).toContain('of those given sg-0a1b2c3d4e5f60005');
  });
});

describe('events', () => {
  const record = load('authorize-nested').detail;
  const readings = async (content: unknown, ...more: string[]) => {
    const { answer } = await policyJson('test', '--events', await file('events.json', content), ...more);
    return answer.events.map((each: { reading: string; account: string; region: string }) =>
      [each.reading, each.account, each.region].join(' '),
    );
  };
  const seen = 'inspected 300000000001 eu-west-1';

  it.each<[string, unknown, number]>([
    ['an EventBridge event', load('authorize-nested'), 1],
    ['a CloudTrail record', record, 1],
    ['a list of both', [record, load('authorize-nested')], 2],
  ])('are read from %s', async (_, content, count) => {
    expect(await readings(content)).toEqual(Array(count).fill(seen));
  });

  it('of a record without account are from where the options say', async () => {
    const partial = { ...record, recipientAccountId: undefined, awsRegion: undefined };
    expect(await readings(partial)).toEqual(['undecided  ']);
    expect(await readings(partial, '--account', '300000000007', '--region', 'us-east-1')).toEqual([
      'inspected 300000000007 us-east-1',
    ]);
  });

  it('are read from every file of a directory', async () => {
    const { exit, answer } = await policyJson('test', '--events', folder);
    expect(answer.events).toHaveLength(readdirSync(folder).length);
    expect(exit).toBe(3);
  });

  it.each<[string, unknown, string]>([
    ['a number', 42, 'event 1: is neither'],
    ['null', 'null', 'event 1: is neither'],
    ['an empty object', {}, 'event 1: is neither'],
    ['a second that is none', [record, { detail: {} }], 'event 2: is neither'],
    ['records of another type', { Records: 'x' }, 'Records: write a list'],
    ['no JSON', '{', 'line 1: is not JSON'],
  ])('cannot be %s: wrong use', async (_, content, reason) => {
    const { exit, complaint } = await policy('test', '--events', await file('events.json', content));
    expect(exit).toBe(2);
    expect(complaint).toContain(reason);
  });

  it('are none in a directory without JSON: wrong use', async () => {
    expect(await policy('test', '--events', 'docs/../lambda')).toMatchObject({
      exit: 2,
      complaint: expect.stringContaining('has no .json'),
    });
  });

  it('that request nothing forbidden are fine, and are marked as evaluated from their request', async () => {
    const fine = await policy('test', '--events', `${folder}/authorize-icmp.json`);
    expect(fine.exit).toBe(0);
    expect(fine.out).toMatch(/evaluated from the request in the event, as if the group had no other rules/);
    expect((await policy('test', '--events', `${folder}/authorize-mixed.json`)).exit).toBe(3);
    expect((await policy('test', '--events', `${folder}/authorize-prefix-list.json`)).exit).toBe(3);
  });

  it('changed in any place lead to a report', () => {
    const names = readdirSync(folder);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), fc.jsonValue(), (name, place, value) => {
        const event = load(name.replace('.json', ''));
        const slots = slotsOf(event.detail.requestParameters ?? {});
        const slot = slots[place % Math.max(1, slots.length)];
        if (slot) slot.holder[slot.key] = value;
        expect(report(event).why).not.toBe('');
      }),
      { numRuns: 2_000 },
    );
  });
});

type Slot = { holder: Record<string, unknown>; key: string };

function slotsOf(value: unknown): Slot[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...slotsOf(holder[key])]);
}

describe('the pattern of the forwarding rule', () => {
  const event = (eventName: string, requestParameters: object = {}) => ({
    source: 'aws.ec2',
    'detail-type': 'AWS API Call via CloudTrail',
    detail: { eventSource: 'ec2.amazonaws.com', eventName, requestParameters },
  });
  const tags = (...ids: string[]) => ({ resourcesSet: { items: ids.map((resourceId) => ({ resourceId })) } });

  it.each<[boolean, unknown]>([
    [true, event('AuthorizeSecurityGroupIngress')],
    [true, event('CreateTags', tags('i-1', 'sg-1'))],
    [true, event('DeleteTags', tags('sg-1'))],
    [false, event('CreateTags', tags('i-1'))],
    [false, event('CreateTags')],
    [false, event('RunInstances')],
    [false, { ...event('AuthorizeSecurityGroupIngress'), source: 'aws.s3' }],
    [false, {}],
    [false, null],
    [false, [[]]],
    [false, JSON.parse('{"__proto__": {"source": "aws.ec2"}}')],
  ])('lets through or not (%s) %j', (fits, given) => {
    expect(matchesPattern(ingressPattern, given)).toBe(fits);
  });

  it('with an operator that is not known here fails loudly', () => {
    expect(() => matchesPattern({ source: [{ suffix: 'ec2' }] }, { source: 'ec2' })).toThrow('suffix');
  });
});
