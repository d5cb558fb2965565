import { describe, expect, test } from 'vitest';
import { read, refusal } from './refusal.ts';

describe('PORTCULLIS_TAGS', () => {
  test('is a JSON object of tags', () => {
    const tags = { team: 'security', 'Kostenstelle/Süd': '12 + 3 @ a_b.c:d=e-f', empty: '' };
    expect(read({ PORTCULLIS_TAGS: JSON.stringify(tags) }).tags).toEqual(tags);
    expect(read({}).tags).toBeUndefined();
  });

  test('reports every mistake at once', () => {
    const tags = {
      'aws:team': 'a',
      'Portcullis:managed': 'false',
      '': 'a',
      'a<b': 'a',
      number: 7,
      long: 'x'.repeat(257),
      symbol: '<script>',
      Team: 'a',
      team: 'b',
      [`k${'x'.repeat(128)}`]: 'a',
    };
    const message = refusal({ PORTCULLIS_TAGS: JSON.stringify(tags) });
    for (const part of [
      'tag "aws:team" must not begin with aws:',
      'tag "Portcullis:managed" must not begin with Portcullis:',
      'tag "" needs a key of 1 to 128 characters',
      'tag "a<b" may only hold letters, digits, spaces and _.:/=+-@ in its key',
      'tag "number" needs a text as its value',
      'tag "long" needs a value of at most 256 characters',
      'tag "symbol" may only hold letters, digits, spaces and _.:/=+-@ in its value',
      'tag "Team" differs from "team" in case only',
      'x" needs a key of 1 to 128 characters',
    ])
      expect(message).toContain(part);
  });

  test.each(['team=security', '["team"]', '"team"', 'null', '{'])(
    'refuses %s, and shows the form',
    (text) => {
      expect(refusal({ PORTCULLIS_TAGS: text })).toContain(
        'PORTCULLIS_TAGS must be a JSON object of tags, such as {"team":"security"}',
      );
    },
  );

  test('holds at most 40 tags', () => {
    const tags = (count: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`key-${at}`, 'a'])));
    expect(Object.keys(read({ PORTCULLIS_TAGS: tags(40) }).tags ?? {})).toHaveLength(40);
    expect(refusal({ PORTCULLIS_TAGS: tags(41) })).toContain('must hold at most 40 tags, and holds 41');
  });
});

describe('PORTCULLIS_PERMISSIONS_BOUNDARY', () => {
  test.each([
    'workload-boundary',
    'arn:aws:iam::{account}:policy/workload-boundary',
    'arn:aws-cn:iam::{account}:policy/landing-zone/boundary',
    'arn:aws:iam::aws:policy/PowerUserAccess',
  ])('is %s', (boundary) => {
    expect(read({ PORTCULLIS_PERMISSIONS_BOUNDARY: boundary }).permissionsBoundary).toBe(boundary);
  });

  test.each([
    'arn:aws:iam::222222222222:policy/boundary',
    'arn:aws:iam::{account}:role/boundary',
    'a boundary',
    'arn:aws:iam::{Account}:policy/boundary',
  ])('is not %s, and the message says why', (boundary) => {
    expect(refusal({ PORTCULLIS_PERMISSIONS_BOUNDARY: boundary })).toMatch(
      /PORTCULLIS_PERMISSIONS_BOUNDARY must be the name of a managed policy, or its ARN with \{account\}/,
    );
  });
});
