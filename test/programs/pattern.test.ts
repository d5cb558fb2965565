import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ingressPattern, lifecyclePattern, resultsPattern } from '../../programs/pattern.ts';

/** EventBridge's matching as far as the patterns use it: exact values and nesting. */
function matches(pattern: object, event: unknown): boolean {
  if (typeof event !== 'object' || event === null) return false;
  return Object.entries(pattern).every(([key, wanted]) => {
    const value = (event as Record<string, unknown>)[key];
    return Array.isArray(wanted) ? wanted.includes(value) : matches(wanted, value);
  });
}

const folder = (name: string) => new URL(`../fixtures/${name}/`, import.meta.url);
const read = (name: string) =>
  readdirSync(folder(name)).map((file) => ({
    file,
    event: JSON.parse(readFileSync(new URL(file, folder(name)), 'utf8')),
  }));
const opening = /^(authorize(?!-egress)|modify|prefix-list-edited)/;

describe('the ingress pattern', () => {
  test.each(read('events'))('takes $file just where it may open ingress', ({ file, event }) => {
    expect(matches(ingressPattern, event)).toBe(opening.test(file));
  });

  test('names no address, port or group', () => {
    expect(Object.keys(ingressPattern.detail)).toEqual(['eventSource', 'eventName']);
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

test('a result is taken from the hub account alone', () => {
  const result = { source: 'portcullis', 'detail-type': 'Portcullis Remediation', account: '222222222222' };
  expect(matches(resultsPattern('222222222222'), result)).toBe(true);
  expect(matches(resultsPattern('222222222222'), { ...result, account: '300000000001' })).toBe(false);
});
