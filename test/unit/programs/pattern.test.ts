import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ingressPattern, lifecyclePattern, resultsPattern } from '../../../programs/pattern.ts';
import { matches } from '../../event-ruler/matches.ts';

const folder = (name: string) => new URL(`../../fixtures/${name}/`, import.meta.url);
const read = (name: string) =>
  readdirSync(folder(name)).map((file) => ({
    file,
    event: JSON.parse(readFileSync(new URL(file, folder(name)), 'utf8')),
  }));
const opening = new Set([
  'AuthorizeSecurityGroupIngress',
  'ModifySecurityGroupRules',
  'ModifyManagedPrefixList',
  'RestoreManagedPrefixListVersion',
  'CreateIpamPrefixListResolverTarget',
  'ModifyIpamPrefixListResolverTarget',
  'ModifyIpamPrefixListResolver',
  'CreateSecurityGroup',
]);
const tagging = (eventName: string, ...ids: string[]) => ({
  source: 'aws.ec2',
  'detail-type': 'AWS API Call via CloudTrail',
  detail: {
    eventSource: 'ec2.amazonaws.com',
    eventName,
    requestParameters: {
      resourcesSet: { items: ids.map((resourceId) => ({ resourceId })) },
      tagSet: { items: [{ key: 'portcullis-exception', value: 'game-servers' }] },
    },
  },
});

describe('the ingress pattern', () => {
  const untagged = read('events').filter(({ event }) => !/Tags$/.test(event.detail?.eventName));

  test.each(untagged)('takes $file just where it may open ingress', ({ event }) => {
    expect(matches(ingressPattern, event)).toBe(opening.has(event.detail.eventName));
  });

  test.each([...opening])('takes %s with any parameters that CloudTrail kept', (eventName) => {
    const event = tagging(eventName);
    expect(matches(ingressPattern, event)).toBe(true);
    const cut = { ...event, detail: { ...event.detail, requestParameters: null } };
    expect(matches(ingressPattern, cut)).toBe(true);
  });

  test.each(['CreateTags', 'DeleteTags'])('takes %s of security groups alone', (eventName) => {
    expect(matches(ingressPattern, tagging(eventName, 'sg-0a1b2c3d4e5f60001'))).toBe(true);
    expect(matches(ingressPattern, tagging(eventName, 'i-0a1b2c3d4e5f60001', 'sg-1a2b3c4d'))).toBe(true);
    expect(matches(ingressPattern, tagging(eventName, 'i-0a1b2c3d4e5f60001'))).toBe(false);
    expect(matches(ingressPattern, tagging(eventName, 'sgr-0a1b2c3d4e5f60001', 'vpc-sg-1'))).toBe(false);
    expect(matches(ingressPattern, tagging(eventName))).toBe(false);
  });

  test('takes no call of another service that has the same name', () => {
    const { detail, ...event } = tagging('CreateTags', 'sg-0a1b2c3d4e5f60001');
    const other = { ...detail, eventSource: 'redshift.amazonaws.com' };
    expect(matches(ingressPattern, { ...event, source: 'aws.redshift', detail: other })).toBe(false);
  });

  test('takes a synthetic canary, which has the very shape of a call but for its source', () => {
    const call = { eventSource: 'ec2.amazonaws.com', eventName: 'AuthorizeSecurityGroupIngress' };
    const event = { 'detail-type': 'AWS API Call via CloudTrail', detail: { ...call, canary: 'an-id' } };
    expect(matches(ingressPattern, { ...event, source: 'portcullis.canary' })).toBe(true);
    expect(matches(ingressPattern, { ...event, source: 'portcullis' })).toBe(false);
  });

  test('names no address, port or group', () => {
    expect(JSON.stringify(ingressPattern)).not.toMatch(/cidr|port(?!cullis)|\d\.\d|::|sg-[0-9a-f]/i);
  });

  test('takes no lifecycle event', () => {
    for (const { event } of read('lifecycle')) expect(matches(ingressPattern, event)).toBe(false);
  });
});

describe('the lifecycle pattern', () => {
  test.each(read('lifecycle').filter(({ file }) => file.includes('.eventbridge.')))(
    'takes $file',
    ({ event }) => {
      expect(matches(lifecyclePattern, event)).toBe(true);
    },
  );

  test('takes no EC2 event', () => {
    for (const { event } of read('events')) expect(matches(lifecyclePattern, event)).toBe(false);
  });
});

test.each(['Portcullis Remediation', 'Portcullis Exception'])(
  'a %s event is taken from the hub account alone',
  (type) => {
    const result = { source: 'portcullis', 'detail-type': type, account: '222222222222' };
    expect(matches(resultsPattern('222222222222'), result)).toBe(true);
    expect(matches(resultsPattern('222222222222'), { ...result, account: '300000000001' })).toBe(false);
  },
);
