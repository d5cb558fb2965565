import type { AdvancedEventSelector, AdvancedFieldSelector, EventSelector } from '@aws-sdk/client-cloudtrail';

/** Whether a trail with these selectors records EC2's management write events. */
export function recordsWrites(selectors: {
  EventSelectors?: EventSelector[];
  AdvancedEventSelectors?: AdvancedEventSelector[];
}): boolean {
  const advanced = selectors.AdvancedEventSelectors ?? [];
  if (advanced.length > 0) return advanced.some((one) => accepts(one.FieldSelectors ?? []));
  // Basic selectors can exclude only kms and rdsdata, never ec2.
  return (selectors.EventSelectors ?? []).some(
    (one) => one.IncludeManagementEvents !== false && one.ReadWriteType !== 'ReadOnly',
  );
}

/** The fields that advanced selectors of management events may test, with the event's values. */
const event: Record<string, string> = {
  eventCategory: 'Management',
  readOnly: 'false',
  eventSource: 'ec2.amazonaws.com',
  eventType: 'AwsApiCall',
};

function accepts(fields: AdvancedFieldSelector[]): boolean {
  const category = fields.some((one) => one.Field === 'eventCategory');
  return category && fields.every(holds);
}

/**
 * A field that this sandbox does not know, such as userIdentity.arn, may exclude some writes, so the trail does not
 * count as recording all.
 */
function holds(field: AdvancedFieldSelector): boolean {
  const value = event[field.Field ?? ''];
  if (value === undefined) return false;
  const tests: [string[] | undefined, (given: string) => boolean, boolean][] = [
    [field.Equals, (given) => value === given, true],
    [field.StartsWith, (given) => value.startsWith(given), true],
    [field.EndsWith, (given) => value.endsWith(given), true],
    [field.NotEquals, (given) => value === given, false],
    [field.NotStartsWith, (given) => value.startsWith(given), false],
    [field.NotEndsWith, (given) => value.endsWith(given), false],
  ];
  return tests.every(([given, test, wanted]) => given === undefined || given.some(test) === wanted);
}
