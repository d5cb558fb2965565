import { expect, test } from 'vitest';
import { recordEvents } from '../../../../controlplane/pulumi/events.ts';
import { valueChanges } from '../../../../controlplane/pulumi/property-values.ts';

const secret = {
  '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270',
  ciphertext: '[secret]',
};

test('short values of changed properties are reported, old and new, at any depth in the resource', () => {
  const before = {
    inputs: { size: 1, on: false, tags: { 'aws:x.y': 'a' }, rules: [{ port: 22 }] },
    outputs: { size: 9, arn: 'arn:old' },
  };
  const after = {
    inputs: { size: 2, on: true, tags: { 'aws:x.y': 'b', owner: 'web' }, rules: [{ port: 23 }] },
  };
  const paths = ['size', 'on', 'tags["aws:x.y"]', 'tags.owner', 'rules[0].port', 'arn', 'nowhere'];
  expect(valueChanges(paths, before, after)).toEqual({
    size: { old: 1, new: 2 },
    on: { old: false, new: true },
    'tags["aws:x.y"]': { old: 'a', new: 'b' },
    'tags.owner': { new: 'web' },
    'rules[0].port': { old: 22, new: 23 },
    arn: { old: 'arn:old' },
  });
});

test.each<[string, unknown, unknown]>([
  ['plain', secret, 'x'],
  ['plain', 'x', '[secret]'],
  ['password', 'old', 'new'],
  ['environment.variables.SLACK_WEBHOOK', 'one', 'two'],
  ['url', 'https://hooks.slack.com/services/T/B/x', 'none'],
  ['long', 'x'.repeat(81), 'y'],
  ['list', ['a'], ['b']],
])('of %s neither value is reported', (path, old, now) => {
  const nested = (value: unknown) => ({
    inputs: path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Record<
      string,
      unknown
    >,
  });
  expect(valueChanges([path], nested(old), nested(now))).toBeUndefined();
});

test('an operation record carries them beside the names of the properties', () => {
  const events = recordEvents();
  const metadata = {
    ...{ op: 'update', urn: 'urn:pulumi:s::p::aws:iam/role:Role::role', type: 'aws:iam/role:Role' },
    detailedDiff: { maxSessionDuration: {}, assumeRolePolicy: {} },
    old: { inputs: { maxSessionDuration: 3600, assumeRolePolicy: 'x'.repeat(200) } },
    new: { inputs: { maxSessionDuration: 7200, assumeRolePolicy: 'y'.repeat(200) } },
  };
  events.onEvent({ resourcePreEvent: { metadata } });
  expect(events.record().changes).toEqual([
    {
      ...{ operation: 'update', type: 'aws:iam/role:Role', name: 'role' },
      properties: ['maxSessionDuration', 'assumeRolePolicy'],
      values: { maxSessionDuration: { old: 3600, new: 7200 } },
    },
  ]);
});
