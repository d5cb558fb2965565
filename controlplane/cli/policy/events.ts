import * as z from 'zod';
import { filesOf, mistake, parseAs, parseValue, parseValues, readInput } from './input.ts';
import type { Place } from './snapshot.ts';

/** All events of files and directories: those of EventBridge, and CloudTrail records in the envelope that EventBridge gives them. */
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

const list = z.array(z.unknown(), 'write a list of CloudTrail records').optional();
const listsSchema = z.object({ Records: list, Events: list });

/** The events in a value: a list, a log file of CloudTrail, the answer of LookupEvents, or one event. */
function listIn(value: unknown, file: string): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return [value];
  const { Records, Events } = parseAs(listsSchema, value, file);
  return Records ?? Events ?? [value];
}

const foundSchema = z.looseObject({ CloudTrailEvent: z.string() });
const recordSchema = z.looseObject({ eventName: z.string(), eventSource: z.string() });
const eventSchema = z.looseObject({
  source: z.string(),
  'detail-type': z.string(),
  detail: z.looseObject({}),
});

/** LookupEvents returns each record as a text. @throws if it is no event in any form */
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
