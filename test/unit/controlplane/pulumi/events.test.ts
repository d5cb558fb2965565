import { describe, expect, test } from 'vitest';
import { recordEvents } from '../../../../controlplane/pulumi/events.ts';

type Event = Parameters<ReturnType<typeof recordEvents>['onEvent']>[0];
const rule = 'aws:cloudwatch/eventRule:EventRule';
const urnOf = (type: string, name: string) => `urn:pulumi:region-1::portcullis::${type}::${name}`;
const step = (op: string, change: object = {}, type = rule, name = 'portcullis-forward') =>
  ({ op, type, urn: urnOf(type, name), old: {}, new: {}, ...change }) as never;
const pre = (op: string, change?: object, type?: string) => ({
  resourcePreEvent: { metadata: step(op, change, type) },
});
const outputs = (op: string, change?: object, type?: string) => ({
  resOutputsEvent: { metadata: step(op, change, type) },
});
const recorded = (...events: object[]) => {
  const events_ = recordEvents();
  for (const event of events) events_.onEvent(event as Event);
  return events_.record();
};

describe('changes', () => {
  test.each(['create', 'update', 'delete', 'create-replacement'])('%s is one', (op) => {
    expect(recorded(pre(op, { detailedDiff: { eventPattern: {} } })).changes).toEqual([
      { operation: op, type: rule, name: 'portcullis-forward', properties: ['eventPattern'] },
    ]);
  });

  test('what stays the same is counted, and is none', () => {
    expect(recorded(pre('same'), pre('same'), outputs('same'))).toMatchObject({ changes: [], unchanged: 2 });
  });

  test('a refresh or read is none', () => {
    expect(recorded(pre('refresh'), pre('read'))).toMatchObject({ changes: [], unchanged: 0 });
  });

  test.each(['pulumi:pulumi:Stack', 'pulumi:providers:aws'])('%s is none', (type) => {
    expect(recorded(pre('create', {}, type), outputs('refresh', { new: undefined }, type))).toEqual({
      changes: [],
      drift: [],
      unchanged: 0,
      errors: [],
    });
  });

  test('a name with the separator in it is whole', () => {
    const metadata = step('create', {}, rule, 'a::b');
    expect(recorded({ resourcePreEvent: { metadata } }).changes[0]?.name).toBe('a::b');
  });
});

describe('drift', () => {
  test('is what refresh finds deleted', () => {
    expect(recorded(outputs('refresh', { new: undefined })).drift).toMatchObject([
      { operation: 'deleted', type: rule, name: 'portcullis-forward' },
    ]);
  });

  test('is what refresh finds changed, with the properties', () => {
    expect(
      recorded(outputs('refresh', { detailedDiff: { eventPattern: {}, tags: {} } })).drift,
    ).toMatchObject([{ operation: 'changed', properties: ['eventPattern', 'tags'] }]);
  });

  test('is nothing that refresh finds as it was', () => {
    expect(recorded(outputs('refresh'), outputs('update', { detailedDiff: { tags: {} } })).drift).toEqual([]);
  });
});

const diagnostic = (severity: string, message: string) => ({ diagnosticEvent: { severity, message } });

test('an error of several lines is kept in one, without a heading that says nothing', () => {
  const { errors } = recorded(
    diagnostic('error', '1 error occurred:\n\t* creating rule: denied\n\t* twice\n\n'),
    diagnostic('error', '1 error occurred:\n'),
  );
  expect(errors).toEqual(['creating rule: denied twice', '1 error occurred:']);
});

test('errors are kept without colours, other diagnostics are not', () => {
  const { errors } = recorded(
    diagnostic('error', '\u001b[31m<{%reset%}>creating rule: denied<{%reset%}>\u001b[0m\n'),
    diagnostic('warning', 'soon gone'),
  );
  expect(errors).toEqual(['creating rule: denied']);
});
