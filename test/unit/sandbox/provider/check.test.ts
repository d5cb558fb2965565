import { expect, test } from 'vitest';
import { failures, normalize } from '../../../../sandbox/provider/protocol/check.ts';
import { type Properties, UNKNOWN } from '../../../../sandbox/provider/protocol/field.ts';
import { resourceOf } from '../../../../sandbox/provider/table.ts';

const RULE = 'aws:cloudwatch/eventRule:EventRule';
const { inputs: rule } = resourceOf(RULE);
const reasons = (given: object): string[] =>
  failures(RULE, rule, { name: 'r', ...given }).map(({ property, reason }) => `${property}: ${reason}`);

test('an unknown property is refused, naming what is accepted', () => {
  const [reason] = reasons({ eventPatern: '{}' });
  expect(reason).toMatch(/^eventPatern: .*has no property "eventPatern".*accepts .*eventPattern/);
});

test('a missing name is refused, saying that none is generated', () => {
  expect(failures(RULE, rule, {})).toEqual([
    { property: 'name', reason: expect.stringContaining('no name is generated here') },
  ]);
});

test('a property of the wrong type is refused, saying what it must be', () => {
  expect(reasons({ eventPattern: 'no json' })[0]).toContain('must be a JSON object, as text');
  expect(reasons({ description: 5 })[0]).toContain('must be a string: it is 5');
  expect(reasons({ tags: { a: 1 } })[0]).toContain('must be a map of strings');
});

test('a property inside an object is named by its path', () => {
  const type = 'aws:cloudwatch/eventTarget:EventTarget';
  const given = { rule: 'r', targetId: 't', arn: 'a', retryPolicy: { maximumRetryAttempts: 1.5, other: 1 } };
  const found = failures(type, resourceOf(type).inputs, given).map(({ property }) => property);
  expect(found.sort()).toEqual(['retryPolicy.maximumRetryAttempts', 'retryPolicy.other']);
});

test('a property inside a list of objects is named by its place', () => {
  const type = 'aws:dynamodb/table:Table';
  const attributes: Properties[string] = [
    { name: 'k', type: 'S' },
    { nam: 'r', type: 'N' },
  ];
  const given = { name: 't', hashKey: 'k', attributes };
  const found = failures(type, resourceOf(type).inputs, given).map(({ property }) => property);
  expect(found.sort()).toEqual(['attributes[1].nam', 'attributes[1].name']);
  const [wrong] = failures(type, resourceOf(type).inputs, { ...given, attributes: 'k' });
  expect(wrong?.reason).toContain('must be a list of objects with name, type: it is "k"');
});

test('a value that is not known yet passes for every type', () => {
  const type = 'aws:lambda/function:Function';
  const { inputs } = resourceOf(type);
  const unknown = Object.fromEntries(Object.keys(inputs).map((name) => [name, UNKNOWN]));
  expect(failures(type, inputs, unknown)).toEqual([]);
});

test('a policy given as an object is stored as text, unless part of it is unknown', () => {
  const { inputs } = resourceOf('aws:iam/rolePolicy:RolePolicy');
  expect(normalize(inputs, { policy: { Version: '2012-10-17' } }).policy).toBe('{"Version":"2012-10-17"}');
  const open = { Statement: [{ Resource: UNKNOWN }] };
  expect(normalize(inputs, { policy: open }).policy).toEqual(open);
});

test('an unknown resource type is refused, naming those there are', () => {
  expect(() => resourceOf('aws:s3/object:Object')).toThrow(/no resource type aws:s3.*aws:sqs\/queue:Queue/);
});
