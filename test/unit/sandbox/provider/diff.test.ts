import { expect, test } from 'vitest';
import { changes, keepsName } from '../../../../sandbox/provider/protocol/diff.ts';
import { type Properties, UNKNOWN } from '../../../../sandbox/provider/protocol/field.ts';
import { foreseen, settle } from '../../../../sandbox/provider/protocol/lifecycle.ts';
import { resourceOf } from '../../../../sandbox/provider/table.ts';

const around = { region: 'eu-west-1', defaultTags: {} };
const rule = resourceOf('aws:cloudwatch/eventRule:EventRule');
const target = resourceOf('aws:cloudwatch/eventTarget:EventTarget');
const role = resourceOf('aws:iam/role:Role');
const lambda = resourceOf('aws:lambda/function:Function');

function between(resource: typeof rule, before: Properties, after: Properties, outputs: Properties = {}) {
  const tags = before.tags ?? {};
  const old = { inputs: before, outputs: { region: 'eu-west-1', tagsAll: tags, ...outputs } };
  return changes(resource, old, after, around).map(
    ({ path, kind, replace }) => `${kind} ${path}${replace ? ' replace' : ''}`,
  );
}

test('a new name or bus replaces a rule; anything else updates it', () => {
  const before = { name: 'a', description: 'x' };
  expect(between(rule, before, { name: 'b', description: 'x' })).toEqual(['update name replace']);
  expect(between(rule, before, { name: 'a', description: 'y' })).toEqual(['update description']);
  expect(between(rule, before, { name: 'a' })).toEqual(['delete description']);
  expect(between(rule, before, { ...before, eventBusName: 'default' })).toEqual([]);
  // The official provider has no default for the state: a program that names it adds it.
  expect(between(rule, before, { ...before, state: 'ENABLED' })).toEqual(['add state']);
});

test('event patterns differ by meaning, not by text', () => {
  const one = { name: 'a', eventPattern: '{"source":["b","a"],"detail":{"x":["1"]}}' };
  const two = { name: 'a', eventPattern: '{ "detail": {"x": ["1"]}, "source": ["a","b"] }' };
  expect(between(rule, one, two)).toEqual([]);
  expect(between(rule, one, { name: 'a', eventPattern: '{"source":["a"]}' })).toEqual([
    'update eventPattern',
  ]);
});

test('policies that grant the same are equal, and others are not', () => {
  const policy = (statement: object): Properties => ({
    name: 'r',
    assumeRolePolicy: JSON.stringify({ Version: '2012-10-17', Statement: statement }),
  });
  const listed = policy([
    { Effect: 'Allow', Action: ['sts:AssumeRole'], Principal: { AWS: '111111111111' } },
  ]);
  const root = 'arn:aws:iam::111111111111:root';
  const plain = policy({ Principal: { AWS: root }, Action: 'sts:AssumeRole', Effect: 'Allow' });
  expect(between(role, listed, plain)).toEqual([]);
  const wider = policy({ Principal: { AWS: '*' }, Action: 'sts:AssumeRole', Effect: 'Allow' });
  expect(between(role, listed, wider)).toEqual(['update assumeRolePolicy']);
});

test('a list of objects is compared as a set, in which absent and default are one', () => {
  const table = resourceOf('aws:dynamodb/table:Table');
  const key = { name: 'k', type: 'S' };
  const range = { type: 'N', name: 'r' };
  const before = { name: 't', hashKey: 'k', attributes: [key, range] };
  expect(between(table, before, { ...before, attributes: [range, { type: 'S', name: 'k' }] })).toEqual([]);
  expect(between(table, before, { ...before, attributes: [key] })).toEqual(['update attributes replace']);
  expect(between(table, before, { ...before, ttl: { enabled: false } })).toEqual([]);
});

test('changes inside objects and maps are named leaf by leaf', () => {
  const before = { name: 'f', environment: { variables: { A: '1', B: '2' } }, tags: { 'x:y': '1' } };
  const after = { name: 'f', environment: { variables: { A: '3', C: '4' } }, tags: { 'x:y': '2' } };
  expect(between(lambda, before, after).sort()).toEqual([
    'add environment.variables.C',
    'delete environment.variables.B',
    'update environment.variables.A',
    'update tags["x:y"]',
  ]);
});

test('an archive is compared by its hash', () => {
  const code = (hash: string, path: string): Properties => ({ name: 'f', code: { hash, path } });
  expect(between(lambda, code('1', '/a'), code('1', '/b'))).toEqual([]);
  expect(between(lambda, code('1', '/a'), code('2', '/a'))).toEqual(['update code']);
});

test('an unknown new value is a change, and a replacement where the property is fixed', () => {
  const before = { rule: 'r', targetId: 't', arn: 'a' };
  expect(between(target, before, { ...before, arn: UNKNOWN })).toEqual(['update arn']);
  expect(between(target, before, { ...before, rule: UNKNOWN })).toEqual(['update rule replace']);
});

test('default tags count, and another Region is a replacement that need not wait for the old one', () => {
  const old = { inputs: { name: 'a' }, outputs: { region: 'us-east-1', tagsAll: {} } };
  const found = changes(rule, old, { name: 'a' }, { region: 'eu-west-1', defaultTags: { team: 'x' } });
  expect(found).toEqual([
    { path: 'tagsAll.team', kind: 'add', replace: false },
    { path: 'region', kind: 'update', replace: true },
  ]);
  expect(keepsName(rule, { name: 'a' }, { name: 'a' }, found)).toBe(false);
  expect(keepsName(rule, { name: 'a' }, { name: 'a' }, [])).toBe(true);
});

test('what AWS fills in leaves the inputs open, and what differs shows in them', () => {
  const inputs = { name: 'a', eventPattern: '{"source":["a"]}' };
  const asMade = {
    ...inputs,
    eventPattern: '{ "source": ["a"] }',
    eventBusName: 'default',
    state: 'ENABLED',
  };
  expect(settle(rule, asMade, inputs, {}).inputs).toEqual(inputs);
  const disabled = { ...asMade, state: 'DISABLED' };
  // As the official provider has it, a state that the program leaves out is no difference.
  expect(settle(rule, disabled, inputs, {}).inputs).toEqual(inputs);
  const named = { ...inputs, state: 'ENABLED' };
  expect(settle(rule, disabled, named, {}).inputs).toEqual({ ...inputs, state: 'DISABLED' });
});

test('default tags are no tags of the program, unless they were changed', () => {
  const found = { name: 'a', tags: { team: 'x', owner: 'me' } };
  expect(settle(rule, found, { name: 'a' }, { team: 'x' }).inputs.tags).toEqual({ owner: 'me' });
  expect(settle(rule, found, { name: 'a' }, { team: 'y' }).inputs.tags).toEqual(found.tags);
});

test('a preview leaves out what is known only after the update', () => {
  const old = { arn: 'arn', lastModified: 'before', codeSha256: 'before' };
  const outputs = foreseen(lambda, 'eu-west-1', old, { name: 'f' }, { team: 'x' });
  expect(outputs).toMatchObject({ name: 'f', arn: 'arn', region: 'eu-west-1', tagsAll: { team: 'x' } });
  expect(outputs.lastModified).toBeUndefined();
  expect(foreseen(lambda, 'eu-west-1', undefined, { name: 'f' }, {}).arn).toBeUndefined();
});
