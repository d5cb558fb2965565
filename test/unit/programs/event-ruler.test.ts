// Up to minutes where Maven has to fetch AWS's matcher, so the patience is long.
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { matches } from '../../event-ruler/matches.ts';
import { type EventRuler, eventRuler } from '../../event-ruler/ruler.ts';
import { accountArgs, declare, hubArgs, inputsOf } from './declared.ts';

interface Event {
  readonly title: string;
  readonly event: unknown;
}

const fixtures = (name: string): Event[] => {
  const folder = new URL(`../../fixtures/${name}/`, import.meta.url);
  return readdirSync(folder).map((file) => ({
    title: `${name}/${file}`,
    event: JSON.parse(readFileSync(new URL(file, folder), 'utf8')),
  }));
};

const call = (eventName: string, requestParameters: unknown, source = 'aws.ec2') => ({
  source,
  'detail-type': 'AWS API Call via CloudTrail',
  detail: { eventSource: 'ec2.amazonaws.com', eventName, requestParameters },
});
const tagged = (...ids: string[]) => ({ resourcesSet: { items: ids.map((resourceId) => ({ resourceId })) } });
const result = (account: string, type = 'Portcullis Remediation') => ({
  source: 'portcullis',
  'detail-type': type,
  account,
  detail: { outcome: 'remediated' },
});

const events: Event[] = [
  ...fixtures('events'),
  ...fixtures('lifecycle'),
  { title: 'no parameters', event: call('AuthorizeSecurityGroupIngress', null) },
  { title: 'a canary', event: call('AuthorizeSecurityGroupIngress', null, 'portcullis.canary') },
  { title: 'another source', event: call('AuthorizeSecurityGroupIngress', null, 'portcullis') },
  { title: 'tags of a group', event: call('CreateTags', tagged('sg-0a1b2c3d4e5f60001')) },
  { title: 'tags of an instance and a group', event: call('DeleteTags', tagged('i-0a1b', 'sg-1a2b')) },
  { title: 'tags of a rule', event: call('CreateTags', tagged('sgr-0a1b2c3d4e5f60001', 'vpc-sg-1')) },
  { title: 'tags of nothing', event: call('CreateTags', tagged()) },
  { title: 'a result', event: result('222222222222') },
  { title: 'an exception', event: result('222222222222', 'Portcullis Exception') },
  { title: 'a forged result', event: result('300000000001') },
];

let ruler: EventRuler;
let patterns: { name: string; pattern: object }[];

beforeAll(async () => {
  ruler = await eventRuler();
  const declared = [
    ...(await declare(hubArgs())),
    ...(await declare(accountArgs([{ region: 'us-east-1', lifecycle: true }]))),
  ];
  patterns = declared
    .filter(({ type, inputs }) => type.endsWith(':EventRule') && inputs.eventPattern)
    .map(({ name }) => ({ name, pattern: JSON.parse(inputsOf(declared, 'EventRule', name).eventPattern) }));
}, 300_000);

test('every pattern that is declared takes what the tests say, by the matcher of EventBridge', ({ skip }) => {
  if ('missing' in ruler) skip(ruler.missing);
  else {
    const questions = patterns.flatMap(({ name, pattern }) =>
      events.map(({ title, event }) => ({ title: `${name}: ${title}`, pattern, event })),
    );
    expect(patterns.length).toBe(6);
    const answers = ruler.answer(questions);
    const titled = questions.map(({ title }, at) => `${title}: ${answers[at]}`);
    const wanted = questions.map(({ title, pattern, event }) => `${title}: ${matches(pattern, event)}`);
    expect(titled).toEqual(wanted);
    for (const { name } of patterns) {
      const own = titled.filter((each) => each.startsWith(`${name}: `));
      expect(own.some((each) => each.endsWith(': true'))).toBe(true);
      expect(own.some((each) => each.endsWith(': false'))).toBe(true);
    }
  }
});

test('the matcher of EventBridge refuses a pattern that EventBridge refuses', ({ skip }) => {
  if ('missing' in ruler) skip(ruler.missing);
  else
    expect(ruler.answer([{ pattern: { source: 'aws.ec2' }, event: {} }])).toEqual([
      expect.stringMatching(/^error: /),
    ]);
});
