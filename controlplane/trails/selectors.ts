import type { AdvancedEventSelector, EventSelector } from '@aws-sdk/client-cloudtrail';
import { ingressPattern } from '../../programs/pattern.ts';
import type { SelectorCause, Selectors } from '../stacks/trail-check.ts';

const ec2 = 'ec2.amazonaws.com';
const eventNames = ingressPattern.detail.$or.flatMap(({ eventName }) => eventName);

type FieldTest = NonNullable<AdvancedEventSelector['FieldSelectors']>[number];

const admitsValue = (f: FieldTest, value: string): boolean =>
  (!f.Equals || f.Equals.includes(value)) &&
  !f.NotEquals?.includes(value) &&
  (!f.StartsWith || f.StartsWith.some((start) => value.startsWith(start))) &&
  !f.NotStartsWith?.some((start) => value.startsWith(start)) &&
  (!f.EndsWith || f.EndsWith.some((end) => value.endsWith(end))) &&
  !f.NotEndsWith?.some((end) => value.endsWith(end));

/** A selector without the field admits every value. */
const admits = (selector: AdvancedEventSelector, field: string, value: string): boolean =>
  (selector.FieldSelectors ?? []).filter(({ Field }) => Field === field).every((f) => admitsValue(f, value));

const isAboutManagement = (selector: AdvancedEventSelector): boolean =>
  (selector.FieldSelectors ?? []).some(({ Field }) => Field === 'eventCategory') &&
  admits(selector, 'eventCategory', 'Management');

/** A test of another field (caller, console) may exclude some of the events. */
const decidable = new Set(['eventCategory', 'readOnly', 'eventSource', 'eventName', 'eventType']);

const isWholly = (selector: AdvancedEventSelector, eventName: string): boolean =>
  (selector.FieldSelectors ?? []).every(({ Field }) => decidable.has(Field ?? '')) &&
  admits(selector, 'eventName', eventName) &&
  admits(selector, 'eventType', 'AwsApiCall');

function causeOfAdvanced(selectors: readonly AdvancedEventSelector[]): SelectorCause | undefined {
  const management = selectors.filter(isAboutManagement);
  if (management.length === 0) return 'no-management-events';
  const writes = management.filter((selector) => admits(selector, 'readOnly', 'false'));
  if (writes.length === 0) return 'reads-only';
  const ofEc2 = writes.filter((selector) => admits(selector, 'eventSource', ec2));
  if (ofEc2.length === 0) return 'excludes-ec2';
  const all = eventNames.every((name) => ofEc2.some((selector) => isWholly(selector, name)));
  return all ? undefined : 'partial';
}

/** AWS allows only kms.amazonaws.com and rdsdata.amazonaws.com here; one that names EC2 is accepted as is. */
function causeOfBasic(selectors: readonly EventSelector[]): SelectorCause | undefined {
  const management = selectors.filter(({ IncludeManagementEvents }) => IncludeManagementEvents !== false);
  if (management.length === 0) return 'no-management-events';
  const writes = management.filter(({ ReadWriteType }) => ReadWriteType !== 'ReadOnly');
  if (writes.length === 0) return 'reads-only';
  const excludes = ({ ExcludeManagementEventSources = [] }: EventSelector) =>
    ExcludeManagementEventSources.includes(ec2);
  return writes.every(excludes) ? 'excludes-ec2' : undefined;
}

/**
 * Why these selectors miss management write events that Portcullis acts on, or undefined when they record all. Pure.
 * Source: EventSelector and AdvancedFieldSelector, AWS CloudTrail API reference.
 */
export const causeOfSelectors = (selectors: Selectors): SelectorCause | undefined =>
  selectors.advancedEventSelectors.length > 0
    ? causeOfAdvanced(selectors.advancedEventSelectors)
    : causeOfBasic(selectors.eventSelectors);
