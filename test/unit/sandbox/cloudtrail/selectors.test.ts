import { expect, it } from 'vitest';
import { recordsWrites } from '../../../../sandbox/cloudtrail/selectors.ts';

const advanced = (...fields: object[]) => ({ AdvancedEventSelectors: [{ FieldSelectors: fields as never }] });
const management = { Field: 'eventCategory', Equals: ['Management'] };

it.each([
  ['all', 'All', true, true],
  ['write-only', 'WriteOnly', true, true],
  ['read-only', 'ReadOnly', true, false],
  ['data events alone', 'All', false, false],
] as const)('basic selectors: %s', (_, ReadWriteType, IncludeManagementEvents, expected) => {
  expect(recordsWrites({ EventSelectors: [{ ReadWriteType, IncludeManagementEvents }] })).toBe(expected);
});

it('basic selectors that leave out kms still record ec2', () => {
  const selector = { IncludeManagementEvents: true, ExcludeManagementEventSources: ['kms.amazonaws.com'] };
  expect(recordsWrites({ EventSelectors: [selector] })).toBe(true);
});

it.each([
  ['every management event', [management], true],
  ['writes', [management, { Field: 'readOnly', Equals: ['false'] }], true],
  ['reads', [management, { Field: 'readOnly', Equals: ['true'] }], false],
  ['all but reads', [management, { Field: 'readOnly', NotEquals: ['true'] }], true],
  ['all but kms', [management, { Field: 'eventSource', NotEquals: ['kms.amazonaws.com'] }], true],
  [
    'all but ec2',
    [management, { Field: 'eventSource', NotEquals: ['kms.amazonaws.com', 'ec2.amazonaws.com'] }],
    false,
  ],
  ['data events', [{ Field: 'eventCategory', Equals: ['Data'] }], false],
  ['some callers alone', [management, { Field: 'userIdentity.arn', StartsWith: ['arn:aws:iam'] }], false],
])('advanced selectors: %s', (_, fields, expected) => {
  expect(recordsWrites(advanced(...fields))).toBe(expected);
});

it('one recording selector among others is enough', () => {
  const selectors = [
    { FieldSelectors: [{ Field: 'eventCategory', Equals: ['Data'] }] },
    { FieldSelectors: [management] },
  ];
  expect(recordsWrites({ AdvancedEventSelectors: selectors })).toBe(true);
});
