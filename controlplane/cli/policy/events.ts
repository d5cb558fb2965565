import * as z from 'zod';
import type { Place } from './groups.ts';
import { filesOf, mistake, parseAs, parseValue, parseValues, readInput } from './input.ts';

/** Every event of files and directories: EventBridge's, or CloudTrail's records in the envelope they would have. */
export async function readEvents(paths: readonly string[], place: Place): Promise<unknown[]> {
  const events: unknown[] = [];
  for (const path of paths)
    for (const file of await filesOf(path)) {
      const values = parseValues(await readInput(file));
      for (const [index, item] of values.flatMap((value) => listIn(value, file)).entries())
        events.push(enveloped(item, place, `${file}: event ${index + 1}`));
    }
  return events;
}

/** A list in each form that people have it: alone, CloudTrail's log file, or the answer of LookupEvents. */
function listIn(value: unknown, file: string): unknown[] {
  if (Array.isArray(value)) return value;
  const [key] = ['Records', 'Events'].filter((each) => hasKey(value, each));
  if (key === undefined) return [value];
  const list = z.object({ [key]: z.array(z.unknown(), 'write a list of CloudTrail records') });
  return parseAs(list, value, file)[key] ?? [];
}

const hasKey = (value: unknown, key: string) =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key);

const foundSchema = z.looseObject({ CloudTrailEvent: z.string() });
const recordSchema = z.looseObject({ eventName: z.string(), eventSource: z.string() });
const eventSchema = z.looseObject({
  source: z.string(),
  'detail-type': z.string(),
  detail: z.looseObject({}),
});

/** LookupEvents gives each record as a text. @throws where it is no event in any form. */
function enveloped(given: unknown, place: Place, name: string): unknown {
  if (eventSchema.safeParse(given).success) return given;
  const found = foundSchema.safeParse(given).data?.CloudTrailEvent;
  const text = found && { name: `${name}: CloudTrailEvent`, text: found };
  const item = text ? parseValue(text) : given;
  const { data: record } = recordSchema.safeParse(item);
  if (!record) throw mistake(name, 'is neither an EventBridge event nor a CloudTrail record');
  const kind = record.eventType === 'AwsServiceEvent' ? 'Service Event' : 'API Call';
  return {
    version: '0',
    id: record.eventID,
    'detail-type': `AWS ${kind} via CloudTrail`,
    source: `aws.${record.eventSource.replace(/\.amazonaws\.com$/, '')}`,
    account: record.recipientAccountId ?? place.account,
    region: record.awsRegion ?? place.region,
    time: record.eventTime,
    detail: item,
  };
}
