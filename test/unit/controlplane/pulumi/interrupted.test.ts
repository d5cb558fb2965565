import { expect, test } from 'vitest';
import { changedSince } from '../../../../controlplane/pulumi/interrupted.ts';

const intent = new Date('2026-11-25T22:20:00Z');
const urn = (type: string, name: string) => `urn:pulumi:hub::portcullis::${type}::${name}`;
const resource = (type: string, name: string, created: string, modified = created) => ({
  ...{ urn: urn(type, name), type, created, modified },
});
const role = 'aws:iam/role:Role';
const exportOf = (resources: object[]) => JSON.stringify({ version: 3, deployment: { resources } });

test('what was made or changed since the intent is reported, and what is older is not', () => {
  const text = exportOf([
    resource(role, 'old', '2026-11-20T00:00:00Z'),
    resource(role, 'made', '2026-11-25T22:20:01.5Z'),
    resource(role, 'changed', '2026-11-20T00:00:00Z', '2026-11-25T22:20:02Z'),
  ]);
  expect(changedSince(text, intent)).toEqual([
    { operation: 'create', type: role, name: 'made', properties: [] },
    { operation: 'update', type: role, name: 'changed', properties: [] },
  ]);
});

test("a machine's clock may be a minute behind the database's", () => {
  const text = exportOf([
    resource(role, 'made', '2026-11-25T22:19:01Z'),
    resource(role, 'before', '2026-11-25T22:18:59Z'),
  ]);
  expect(changedSince(text, intent).map(({ name }) => name)).toEqual(['made']);
});

test('the stack itself, its provider, and resources without times are none of it', () => {
  const later = '2026-11-25T22:21:00Z';
  const text = exportOf([
    resource('pulumi:pulumi:Stack', 'portcullis-hub', later),
    resource('pulumi:providers:aws', 'aws', later),
    { urn: urn(role, 'untimed'), type: role },
  ]);
  expect(changedSince(text, intent)).toEqual([]);
});

test('an empty state has nothing', () => {
  expect(changedSince('{"version":3,"deployment":{}}', intent)).toEqual([]);
});
